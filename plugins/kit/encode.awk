# Octal bytes as od prints them → the path form of manifests; a NUL ends a name. See docs/host-protocol.md.
BEGIN {
  for (n = 1; n < 256; n++) {
    key = sprintf("%03o", n)
    text[key] = (n > 32 && n < 127 && n != 92) ? sprintf("%c", n) : "\\" key
  }
  text["000"] = "\n"
}
{
  line = ""
  for (i = 1; i <= NF; i++) line = line text[$i]
  printf "%s", line
}
