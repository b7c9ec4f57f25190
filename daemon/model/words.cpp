#include "daemon/model/words.hpp"

namespace belay {
namespace {

std::unexpected<Error> broken(std::string what, const Place& place) {
  return fail(Kind::invalid, std::move(what), "Close the quote, or write the command as a list of words.", place);
}

}  // namespace

Result<std::vector<std::string>> split_words(std::string_view line, const Place& place) {
  std::vector<std::string> words;
  std::string word;
  bool open = false;  // a word has begun; it may be empty ("")
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (line.substr(i).starts_with("{{")) {
      const std::size_t close = line.find("}}", i + 2);
      if (close == line.npos) return broken("\"{{\" is not closed in this command", place);
      word += line.substr(i, close + 2 - i);
      open = true;
      i = close + 1;
    } else if (quote != 0) {
      const bool escapes =
          quote == '"' && c == '\\' && i + 1 < line.size() && (line[i + 1] == '"' || line[i + 1] == '\\');
      if (c == quote) {
        quote = 0;
      } else {
        word += escapes ? line[++i] : c;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      open = true;
    } else if (c == '\\') {
      if (i + 1 == line.size()) return broken("this command ends in a backslash", place);
      word += line[++i];
      open = true;
    } else if (c == ' ' || c == '\t' || c == '\n') {
      if (open) words.push_back(std::move(word));
      word.clear();
      open = false;
    } else {
      word += c;
      open = true;
    }
  }
  if (quote != 0) return broken(std::string("a quote (") + quote + ") is not closed in this command", place);
  if (open) words.push_back(std::move(word));
  if (words.empty()) return fail(Kind::invalid, "this command has no words", "Write the program to run.", place);
  return words;
}

Result<std::vector<std::string>> words_of(const Value& argv) {
  if (const std::string* line = argv.text()) return split_words(*line, argv.place);
  const Value::List* list = argv.list();
  if (list == nullptr || list->empty()) {
    return fail(Kind::invalid, "a command is text or a list of words", "Write the program and its arguments.",
                argv.place);
  }
  std::vector<std::string> words;
  for (const Value& item : *list) {
    auto word = item.as_text();
    if (!word) return fail(Kind::invalid, "each word of a command is text", "Put it in quotes.", item.place);
    words.push_back(std::move(*word));
  }
  return words;
}

}  // namespace belay
