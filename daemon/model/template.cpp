#include "daemon/model/template.hpp"

#include <utility>

namespace belay {
namespace {

constexpr std::string_view blanks = " \t";
constexpr std::string_view literal = "\"{{\"";

bool name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool name_part(char c) { return name_start(c) || (c >= '0' && c <= '9'); }

// Counts lines and columns forward through a whole file; inside a node of a file the node's place is the best there is.
class Places {
 public:
  Places(std::string_view text, Place place) : text_(text), place_(std::move(place)), whole_(place_.line == 0) {
    if (whole_) place_.line = place_.column = 1;
  }

  // `offset` never goes back.
  const Place& at(std::size_t offset) {
    for (; whole_ && at_ < offset; ++at_) {
      if (text_[at_] == '\n') {
        ++place_.line;
        place_.column = 1;
      } else if ((static_cast<unsigned char>(text_[at_]) & 0xC0U) != 0x80U) {
        ++place_.column;
      }
    }
    return place_;
  }

 private:
  std::string_view text_;
  Place place_;
  bool whole_;
  std::size_t at_ = 0;
};

struct Piece {
  bool variable = false;
  std::string_view text;  // the name of a variable, or text as it is
  std::size_t offset = 0;
};

Result<std::vector<Piece>> pieces_of(std::string_view text, const Place& place) {
  std::vector<Piece> pieces;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t open = text.find("{{", at);
    if (open != at) pieces.push_back({false, text.substr(at, open == text.npos ? text.npos : open - at), at});
    if (open == text.npos) break;
    std::size_t begin = text.find_first_not_of(blanks, open + 2);
    if (begin == text.npos) begin = text.size();
    std::size_t end = begin;
    const bool is_literal = text.substr(begin).starts_with(literal);
    if (is_literal) {
      end += literal.size();
    } else if (end < text.size() && name_start(text[end])) {
      while (end < text.size() && name_part(text[end])) ++end;
    }
    const std::size_t close = text.find_first_not_of(blanks, end);
    if (end == begin || close == text.npos || !text.substr(close).starts_with("}}")) {
      return fail(Kind::invalid,
                  "\"{{\" begins no variable here: only {{ name }} is replaced, there are no expressions",
                  "Write {{ name }} with a declared variable, or {{ \"{{\" }} for the two characters themselves.",
                  Places(text, place).at(open));
    }
    if (is_literal) {
      pieces.push_back({false, "{{", open});
    } else {
      pieces.push_back({true, text.substr(begin, end - begin), open});
    }
    at = close + 2;
  }
  return pieces;
}

}  // namespace

bool is_variable_name(std::string_view name) {
  if (name.empty() || !name_start(name.front())) return false;
  for (char c : name) {
    if (!name_part(c)) return false;
  }
  return true;
}

Result<std::string> render(std::string_view text, const Lookup& lookup, const Place& place) {
  BELAY_TRY(const auto pieces, pieces_of(text, place));
  std::string out;
  for (const Piece& piece : pieces) {
    if (!piece.variable) {
      out += piece.text;
      continue;
    }
    auto value = lookup(piece.text);
    if (!value) {
      return fail(Kind::invalid, "the variable \"" + std::string(piece.text) + "\" is not declared",
                  "Declare it under vars in playbook.yaml, or correct the name.", Places(text, place).at(piece.offset));
    }
    out += *value;
  }
  return out;
}

Result<std::vector<TemplateUse>> template_uses(std::string_view text, const Place& place) {
  BELAY_TRY(const auto pieces, pieces_of(text, place));
  std::vector<TemplateUse> uses;
  Places places(text, place);
  for (const Piece& piece : pieces) {
    if (piece.variable) uses.push_back({std::string(piece.text), places.at(piece.offset)});
  }
  return uses;
}

}  // namespace belay
