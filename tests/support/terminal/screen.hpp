// Screen: what a person sees of the bytes that a program writes to a terminal of a given size.
//
// It knows the few sequences with which Belay draws (cursor up, erase below, erase to the end of the line, colours,
// cursor on and off) and nothing more: every other control character, sequence, or byte that is no UTF-8 is kept in
// foreign(), so a test can say that nothing else ever came through. Pure. One column per code point.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace belay::test {

class Screen {
 public:
  Screen(int columns, int rows) : columns_(columns), rows_(rows) {}

  // May end in the middle of a character or a sequence; the next call goes on there.
  void feed(std::string_view bytes);

  // Every line from the first to the last one written, those that scrolled away too, without blanks at the end.
  [[nodiscard]] std::vector<std::string> lines() const;
  // The first line that begins with `text`; empty when there is none.
  [[nodiscard]] std::string line(std::string_view text) const;
  [[nodiscard]] bool cursor_visible() const { return cursor_visible_; }
  [[nodiscard]] bool coloured() const { return coloured_; }  // a colour or a weight was ever set
  [[nodiscard]] bool plain() const { return !styled_; }      // none is set now
  [[nodiscard]] bool redrawn() const { return redrawn_; }    // the cursor ever went up
  [[nodiscard]] int wraps() const { return wraps_; }         // of lines drawn while the cursor was off: too wide
  [[nodiscard]] const std::vector<std::string>& foreign() const { return foreign_; }  // escaped, in order

 private:
  // Bytes of `bytes` that were understood; 0 when more are needed first.
  std::size_t take(std::string_view bytes);
  std::size_t take_sequence(std::string_view bytes);
  void control(char what, int number);
  void put(std::string_view character);
  void refuse(std::string_view bytes);
  std::vector<std::string>& row();

  int columns_;
  int rows_;
  std::string rest_;
  std::vector<std::vector<std::string>> cells_{1};
  std::size_t top_ = 0;  // first line that is still on the screen
  std::size_t at_ = 0;   // line of the cursor
  std::size_t column_ = 0;
  bool cursor_visible_ = true;
  bool coloured_ = false;
  bool styled_ = false;
  bool redrawn_ = false;
  int wraps_ = 0;
  std::vector<std::string> foreign_;
};

}  // namespace belay::test
