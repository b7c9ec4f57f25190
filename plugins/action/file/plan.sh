# file: new, changed (content, mode, owner or type) or unchanged.
# shellcheck shell=sh
# shellcheck source=../../kit/lib.sh
. "$BELAY_KIT/kit/lib.sh"
# The content need not be on this host yet; its digest is enough.
if param from; then new=$value; else new=$(sha256sum <"$BELAY_PARAMS/content" | cut -d ' ' -f 1); fi
param_or mode 0644
mode=${value#0}
param owner || :
owner=$value
param group || :
group=$value
need to
to=$value
old=-
class=changed
if [ ! -e "$to" ] && [ ! -L "$to" ]; then
  class=new
elif [ -f "$to" ] && [ ! -L "$to" ]; then
  old=$(sha256sum <"$to" | cut -d ' ' -f 1)
  read -r is_mode is_user is_uid is_group is_gid <<EOF
$(stat -c '%a %U %u %G %g' -- "$to")
EOF
  case $is_mode in ? | ?? | ???) is_mode=$(printf '%03d' "$is_mode") ;; esac
  case $owner in '' | "$is_user" | "$is_uid") same_owner=yes ;; *) same_owner=no ;; esac
  case $group in '' | "$is_group" | "$is_gid") same_group=yes ;; *) same_group=no ;; esac
  if [ "$old" = "$new" ] && [ "$is_mode" = "$mode" ] && [ "$same_owner$same_group" = yesyes ]; then class=unchanged; fi
fi
encode "$to"
printf '%s %s %s %s\n' "$class" "$new" "$old" "$value"
