#include "daemon/package/tar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "daemon/base/escape.hpp"
#include "daemon/package/paths.hpp"

namespace belay::package {
namespace {

// POSIX.1-2001 ustar: offset and width of each field.
struct Field {
  std::size_t at;
  std::size_t width;
};
constexpr Field name_field{0, 100}, mode_field{100, 8}, uid_field{108, 8}, gid_field{116, 8}, size_field{124, 12},
    mtime_field{136, 12}, sum_field{148, 8}, type_field{156, 1}, link_field{157, 100}, magic_field{257, 8},
    user_field{265, 32}, group_field{297, 32}, major_field{329, 8}, minor_field{337, 8};
constexpr std::uint64_t largest_octal = 077777777777;  // 11 digits

std::string_view get(std::string_view block, Field field) { return block.substr(field.at, field.width); }

// Up to the first NUL.
std::string text_of(std::string_view block, Field field) {
  const auto raw = get(block, field);
  return std::string(raw.substr(0, raw.find('\0')));
}

void put(std::string& block, Field field, std::string_view text) { block.replace(field.at, text.size(), text); }

void put_octal(std::string& block, Field field, std::uint64_t value) {
  put(block, field, fmt::format("{:0{}o}", value, field.width - 1));
}

unsigned checksum(std::string_view block) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < tar_block; ++i) {
    const bool in_sum = i >= sum_field.at && i < sum_field.at + sum_field.width;
    sum += in_sum ? unsigned{' '} : unsigned{static_cast<unsigned char>(block[i])};
  }
  return sum;
}

std::string block_of(std::string_view name, char type, std::uint32_t mode, std::uint64_t size, std::string_view link) {
  std::string block(tar_block, '\0');
  put(block, name_field, name.substr(0, name_field.width));
  put_octal(block, mode_field, mode);
  put_octal(block, uid_field, 0);
  put_octal(block, gid_field, 0);
  put_octal(block, size_field, size);
  put_octal(block, mtime_field, 0);
  block[type_field.at] = type;
  put(block, link_field, link.substr(0, link_field.width));
  put(block, magic_field,
      std::string_view("ustar\0"
                       "00",
                       8));
  put_octal(block, major_field, 0);
  put_octal(block, minor_field, 0);
  put(block, sum_field, fmt::format("{:06o}", checksum(block)));
  block[sum_field.at + 7] = ' ';
  return block;
}

bool needs_record(std::string_view name) {
  const bool ascii = std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return !ascii || name.size() > name_field.width;
}

// "<length> <key>=<value>\n", where the length counts itself.
std::string pax_record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (std::to_string(length).size() + rest != length) length = std::to_string(length).size() + rest;
  return fmt::format("{} {}={}\n", length, key, value);
}

std::string octal_or_why(std::string_view block, Field field) {
  const auto raw = get(block, field);
  return show(raw.substr(0, raw.find_last_not_of(std::string_view("\0 ", 2)) + 1));
}

const char* kind_of(char type) {
  switch (type) {
    case '1':
      return "a hard link";
    case '3':
      return "a character device";
    case '4':
      return "a block device";
    case '6':
      return "a fifo";
    case '7':
      return "a contiguous file";
    case 'g':
      return "a global pax header";
    case 'x':
      return "a pax header that the manifest does not call for";
    case 'L':
    case 'K':
      return "a GNU long name";
    case 'S':
      return "a GNU sparse file";
    case 'V':
    case 'M':
    case 'D':
      return "a GNU extension";
    default:
      return nullptr;
  }
}

const char* type_words(char type) {
  switch (type) {
    case '0':
    case '\0':
      return "a file";
    case '2':
      return "a symbolic link";
    case '5':
      return "a directory";
    default:
      return "something unknown";
  }
}

char type_of(const Member& member) {
  if (member.type == MemberType::directory) return '5';
  return member.type == MemberType::symlink ? '2' : '0';
}

std::string name_of(const Member& member) {
  return member.type == MemberType::directory ? member.path + "/" : member.path;
}

// The numeric fields that a package always has at zero.
const char* forbidden_field(std::string_view block) {
  const auto zeros = [&](Field field) {
    return get(block, field).substr(0, field.width - 1).find_first_not_of('0') == std::string_view::npos &&
           get(block, field).back() == '\0';
  };
  if (!zeros(uid_field) || !zeros(gid_field)) return "carries an owner";
  if (!zeros(mtime_field)) return "carries a time";
  if (!text_of(block, user_field).empty() || !text_of(block, group_field).empty())
    return "carries the name of an owner";
  if (get(block, magic_field) != std::string_view("ustar\0"
                                                  "00",
                                                  8))
    return "is not in the ustar format";
  return nullptr;
}

}  // namespace

std::string tar_header(const Member& member) {
  const std::string name = name_of(member);
  std::string records;  // in the order of their keys
  if (needs_record(member.target)) records += pax_record("linkpath", member.target);
  if (needs_record(name)) records += pax_record("path", name);
  const bool huge = member.size > largest_octal;
  if (huge) records += pax_record("size", std::to_string(member.size));
  std::string out;
  if (!records.empty()) {
    out += block_of("PaxHeader", 'x', 0644, records.size(), {});
    out += records;
    out.append(tar_padding(records.size()), '\0');
  }
  out += block_of(needs_record(name) ? "long-name" : name, type_of(member), member.mode, huge ? 0 : member.size,
                  needs_record(member.target) ? "long-target" : member.target);
  return out;
}

std::string manifest_header(std::uint64_t size) { return block_of(manifest_path, '0', 0644, size, {}); }

Result<std::uint64_t> manifest_size(std::string_view block, const Limits& limits) {
  Member manifest{.path = std::string(manifest_path), .mode = 0644};
  std::uint64_t size = 0;
  for (char c : get(block, size_field).substr(0, 11)) {
    if (c < '0' || c > '7') return std::unexpected(explain_header(block, manifest));
    size = size * 8 + static_cast<std::uint64_t>(c - '0');
  }
  manifest.size = size;
  if (block != manifest_header(size)) return std::unexpected(explain_header(block, manifest));
  if (size > limits.manifest_bytes) {
    return fail(
        Kind::refused,
        fmt::format("MANIFEST.json claims {}, at most {} are read", size_text(size), size_text(limits.manifest_bytes)),
        "A package with so many members must be split.");
  }
  return size;
}

Error explain_header(std::string_view found, const Member& expected) {
  const auto because = [&](std::string what) {
    return Error{Kind::invalid, std::move(what), "Build the package again with belay package build.", std::nullopt};
  };
  const std::string wanted = "\"" + show(expected.path) + "\"";
  if (found.size() < tar_block || found.find_first_not_of('\0') == found.npos) {
    return because("the archive ends before its member " + wanted);
  }
  if (text_of(found, sum_field) != fmt::format("{:06o}", checksum(found.substr(0, tar_block)))) {
    return because("the archive is damaged where its member " + wanted + " should begin");
  }
  const char type = found[type_field.at];
  const std::string name = text_of(found, name_field);
  const std::string is = "the member \"" + show(name) + "\"";
  if (const char* kind = kind_of(type)) return because(is + " is " + kind + ", which a package never holds");
  const bool long_name = needs_record(name_of(expected));
  if (!long_name && name != name_of(expected)) {
    std::string plain = name;
    if (plain.ends_with('/')) plain.pop_back();
    if (auto fine = check_path(plain); !fine) return because(fine.error().what);
    return because(is + " stands where the manifest lists " + wanted);
  }
  if (type != type_of(expected)) {
    return because(fmt::format("the member {} is {}, the manifest lists {}", wanted, type_words(type),
                               type_words(type_of(expected))));
  }
  if (const char* why = forbidden_field(found)) return because("the member " + wanted + " " + why);
  if (text_of(found, mode_field) != fmt::format("{:07o}", expected.mode)) {
    return because(fmt::format("the member {} has the mode {}, the manifest lists {}", wanted,
                               octal_or_why(found, mode_field), mode_text(expected.mode)));
  }
  if (text_of(found, size_field) != fmt::format("{:011o}", expected.size)) {
    return because(fmt::format("the member {} has the size {} (octal), the manifest lists {:o}", wanted,
                               octal_or_why(found, size_field), expected.size));
  }
  if (!needs_record(expected.target) && text_of(found, link_field) != expected.target) {
    return because("the link " + wanted + " has another target than the manifest lists");
  }
  return because("the header of the member " + wanted + " is not in its canonical form");
}

}  // namespace belay::package
