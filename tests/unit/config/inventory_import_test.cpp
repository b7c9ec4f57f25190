// Ansible inventories: both forms give the same hosts, variables win as in Ansible, and nothing in them is run.
#include "daemon/wire/inventory_import.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace belay::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2S0jUqaQd5QmYl0rQ3sD6fJk8b2v6o8o9k0m7n5p3q";

const std::string yaml = R"(all:
  vars: {region: everywhere, level: all, owner: all}
  hosts:
    lonely:
  children:
    web:
      vars: {level: web, owner: web}
      hosts:
        web1: {ansible_host: 10.0.0.1, ansible_port: 2222, ansible_user: rel, belay_base: /srv/belay,
               belay_host_keys: ["@KEY@"], owner: host}
        web2:
      children:
        front:
          vars: {level: front}
          hosts: {web2: null, "web3": {ansible_connection: local, weight: 1.50}}
    zone_b:
      hosts: {web1: {}}
      vars: {tls: true}
)";

// What `ansible-inventory --list` prints for the same (hostvars already put together).
const std::string json = R"({
  "_meta": {"hostvars": {
    "lonely": {"region": "everywhere", "level": "all", "owner": "all"},
    "web1": {"ansible_host": "10.0.0.1", "ansible_port": 2222, "ansible_user": "rel", "belay_base": "/srv/belay",
             "belay_host_keys": ["@KEY@"], "region": "everywhere", "level": "web", "owner": "host", "tls": true},
    "web2": {"region": "everywhere", "level": "front", "owner": "web"},
    "web3": {"ansible_connection": "local", "region": "everywhere", "level": "front", "owner": "web", "weight": "1.50"}
  }},
  "all": {"children": ["ungrouped", "web", "zone_b"]},
  "front": {"hosts": ["web2", "web3"]},
  "ungrouped": {"hosts": ["lonely"]},
  "web": {"children": ["front"], "hosts": ["web1", "web2"]},
  "zone_b": {"hosts": ["web1"]}
})";

std::string with_key(std::string text) {
  const std::size_t at = text.find("@KEY@");
  return at == std::string::npos ? text : text.replace(at, 5, key);
}

TEST(InventoryImport, YamlGivesHostsWithTheVariablesThatWin) {
  const auto imported = import_inventory(with_key(yaml), "hosts.yaml", "test");
  ASSERT_TRUE(imported) << imported.error().text();
  EXPECT_TRUE(imported->left_out.empty());
  ASSERT_EQ(imported->hosts.size(), 4u);
  Host web1;
  web1.name = "web1";
  web1.environment = "test";
  web1.address = "10.0.0.1";
  web1.port = 2222;
  web1.user = "rel";
  web1.base = "/srv/belay";
  web1.groups = {"web", "zone_b"};
  web1.host_keys = {key};
  web1.vars = {{"level", "web"}, {"owner", "host"}, {"region", "everywhere"}, {"tls", "true"}};
  EXPECT_EQ(imported->hosts[1], web1);

  const Host& lonely = imported->hosts[0];
  EXPECT_EQ(lonely.name, "lonely");
  EXPECT_EQ(lonely.address, "lonely");
  EXPECT_EQ(lonely.port, 22);
  EXPECT_TRUE(lonely.groups.empty());

  const Host& web2 = imported->hosts[2];
  EXPECT_THAT(web2.groups, ElementsAre("web", "front"));
  EXPECT_EQ(web2.vars.at("level"), "front");
  EXPECT_EQ(web2.vars.at("owner"), "web");

  const Host& web3 = imported->hosts[3];
  EXPECT_EQ(web3.transport, "local");
  EXPECT_THAT(web3.groups, ElementsAre("web", "front"));
  EXPECT_EQ(web3.vars.at("weight"), "1.50");
}

TEST(InventoryImport, JsonOfListGivesTheSame) {
  const auto from_yaml = import_inventory(with_key(yaml), "hosts.yaml", "test");
  const auto from_json = import_inventory(with_key(json), "hosts.json", "test");
  ASSERT_TRUE(from_json) << from_json.error().text();
  EXPECT_EQ(from_json->hosts, from_yaml->hosts);
}

TEST(InventoryImport, ShortFormsOfScripts) {
  const auto imported = import_inventory(R"({"web": ["a", "b"], "_meta": {"hostvars": {"c": {}}}})", "h.json", "test");
  ASSERT_TRUE(imported) << imported.error().text();
  ASSERT_EQ(imported->hosts.size(), 3u);
  EXPECT_THAT(imported->hosts[0].groups, ElementsAre("web"));
  EXPECT_TRUE(imported->hosts[2].groups.empty());
}

TEST(InventoryImport, SaysWhatItDidNotTake) {
  const auto imported = import_inventory(R"(all:
  hosts:
    a:
      ansible_become_password: "{{ vault_password }}"
      ansible_ssh_private_key_file: ~/.ssh/id
      packages: [one, two]
      odd-name: 1
      nothing:
      good: 1
)",
                                         "h.yaml", "test");
  ASSERT_TRUE(imported) << imported.error().text();
  EXPECT_EQ(imported->hosts[0].vars, (std::map<std::string, std::string>{{"good", "1"}}));
  ASSERT_EQ(imported->left_out.size(), 5u);
  EXPECT_EQ(imported->left_out[0].level, Finding::Level::warning);
  EXPECT_THAT(imported->left_out[0].text(),
              HasSubstr("h.yaml:4:32: warning: ansible_become_password of host 'a' is not taken"));
  EXPECT_THAT(imported->left_out[2].message, HasSubstr("it is a list"));
}

struct Mistake {
  const char* name;
  std::string text;
  const char* says;
};

std::string host(const std::string& vars, const std::string& name = "h") {
  return "all:\n  hosts:\n    " + name + ": {" + vars + "}\n";
}

const std::vector<Mistake> mistakes{
    {"template", host("region: '{{ lookup(\"pipe\", \"id\") }}'"), "i:3:17: region of host 'h' is a template"},
    {"template_address", host("ansible_host: '{{ x }}'"), "ansible_host of host 'h' is a template"},
    {"statement", host("x: '{% if a %}b{% endif %}'"), "is a template"},
    {"program", "#!/usr/bin/python3\nprint({})\n", "this is a program"},
    {"ini", "[web]\nweb1 ansible_host=10.0.0.1\n", "INI inventory"},
    {"ini_without_head", "web1 ansible_host=10.0.0.1\n", "a map of groups"},
    {"empty", "", "a map of groups"},
    {"vault_tag", host("x: !vault abc"), "i:3:"},
    {"unsafe_tag", "all: !!python/object/apply:os.system [id]\n", "i:1:"},
    {"range", host("", "'web[01:50]'"), "is a range of hosts"},
    {"option_name", host("", "-oProxyCommand=x"), "cannot be a host's name"},
    {"blank_name", host("", "'a b'"), "cannot be a host's name"},
    {"name_is_address", host("", "'::1'"), "other addresses go into ansible_host"},
    {"option_address", host("ansible_host: -oProxyCommand=x"), "must be a host name or an IP address"},
    {"shell_address", host("ansible_host: 'a;id'"), "must be a host name or an IP address"},
    {"port_zero", host("ansible_port: 0"), "must be a number from 1 to 65535"},
    {"port_large", host("ansible_port: 65536"), "must be a number from 1 to 65535"},
    {"port_text", host("ansible_port: ssh"), "must be a number from 1 to 65535"},
    {"port_negative", host("ansible_port: -22"), "must be a number from 1 to 65535"},
    {"user", host("ansible_user: -l"), "ansible_user of host 'h' is '-l'"},
    {"base", host("belay_base: /a/../b"), "belay_base of host 'h'"},
    {"transport", host("belay_transport: telnet"), "ssh, openssh or local"},
    {"connection", host("ansible_connection: winrm"), "Belay reaches hosts by SSH"},
    {"no_host_key", host("belay_host_keys: [nonsense]"), "belay_host_keys of host 'h': 'nonsense' is no host key"},
    {"two_host_keys", host("belay_host_keys: ['" + std::string(key) + "', '" + key + "']"),
     "two keys of type ssh-ed25519"},
    {"host_keys_number", host("belay_host_keys: 7"), "must be a list of host keys"},
    {"group_key", "web:\n  host: {a: {}}\n", "i:2:3: group 'web' has the key 'host'"},
    {"group_name", "'a b':\n  hosts: {a: {}}\n", "cannot be a group's name"},
    {"group_is_text", "web: a\n", "group 'web' must be a map"},
    {"hosts_are_text", "web: {hosts: a}\n", "the hosts of group 'web'"},
    {"vars_are_list", "web: {vars: [a], hosts: {a: {}}}\n", "the variables of group 'web' must be a map"},
    {"host_vars_are_text", "web: {hosts: {a: b}}\n", "the variables of host 'a' must be a map"},
    {"own_child", R"({"a": {"children": ["b"]}, "b": {"children": ["a"], "hosts": ["h"]}})",
     "is among its own children"},
    {"itself", R"({"a": {"children": ["a"], "hosts": ["h"]}})", "is among its own children"},
    {"broken_json", "{\"a\": ", "i:1"},
    {"hostvars", R"({"_meta": {"hostvars": [1]}})", "\"hostvars\" must be a map"},
};

class InventoryMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(InventoryMistake, IsNamedWithItsPlace) {
  const auto imported = import_inventory(GetParam().text, "i", "test");
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().kind, Kind::invalid);
  EXPECT_THAT(imported.error().text(), HasSubstr(GetParam().says));
  ASSERT_TRUE(imported.error().place);
  EXPECT_EQ(imported.error().place->file, "i");
}

INSTANTIATE_TEST_SUITE_P(All, InventoryMistake, ::testing::ValuesIn(mistakes),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace belay::wire
