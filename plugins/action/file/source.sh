# source.sh: where the content of a file comes from, and its attributes. Sourced by file and template.
# shellcheck shell=sh
content() {
  source=$BELAY_PARAMS/content
  if param from; then
    blob from
    source=$value
  fi
  [ -f "$source" ] || die 'the step gives neither "from" nor "content"'
  param_or mode 0644
  mode=$value
  param owner || :
  owner=$value
  param group || :
  group=$value
}
