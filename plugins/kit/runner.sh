# runner.sh EPOCH OP TIMEOUT: runs one op of one step under the host's lock, with durable markers, so that whatever dies
# when, probe.sh can tell what happened (docs: step protocol). Started by the leash in a session of its own.
# Exit: 0 ran (see OP.rc), 70 no lock file, 73 no such script, 74 markers cannot be written, 75 busy, 76 epoch,
#       77 done before, 78 begun before, 79 no snapshot, 80 not armed.
# An apply is started at most once; a retry is an op of its own, apply.2 and so on. Snap, verify, restore and settle may
# be repeated.
# shellcheck shell=sh
E=$1
OP=$2
TIMEOUT=$3
B=$BELAY_BASE
D=$BELAY_STEP
# shellcheck source=lib.sh
. "$BELAY_KIT/kit/lib.sh"

case $OP in
  apply | apply.*)
    action=
    [ ! -f "$D/action" ] || IFS= read -r action <"$D/action"
    case $action in '' | *[!a-z0-9-]*) exit 73 ;; esac
    script=$BELAY_KIT/action/$action/apply.sh
    ;;
  snap) script=$BELAY_KIT/kit/snapshot.sh ;;
  *) script=$BELAY_KIT/kit/$OP.sh ;;
esac
[ -f "$script" ] || exit 73

(: >>"$B/host.lock") 2>/dev/null || exit 70
exec 9>>"$B/host.lock"
flock -n 9 || exit 75                                 # somebody works on this host
[ "$(cat "$B/epoch" 2>/dev/null)" = "$E" ] || exit 76 # fenced; after the lock, never before
case $OP in
  apply | apply.*) ;;
  *) wipe "$D/$OP.start" "$D/$OP.pid" "$D/$OP.child" "$D/$OP.rc" ;;
esac
[ ! -e "$D/$OP.rc" ] || exit 77                       # done: read the result, do not repeat
[ ! -e "$D/$OP.start" ] || exit 78                    # begun once, no result: unknown
case $OP in
  apply | apply.*)
    [ -f "$D/snap/COMPLETE" ] || exit 79
    [ -e "$D/armed" ] || exit 80
    ;;
esac
# O_EXCL: two runners cannot both pass here, whatever the lock does.
if ! (set -C && : >"$D/$OP.start") 2>/dev/null; then
  [ -e "$D/$OP.start" ] && exit 78
  exit 74
fi
# Both markers are on the disk, and their names, before anything is started.
boot_id
boot=$value
starttime $$
put "$D/$OP.pid" "$boot $$ $value $E" "$D/$OP.start" || exit 74

# Output goes through a pipe to a sink that keeps the first MiB and throws the rest away: an op can neither fill the disk
# nor be blocked. The sink has no part in the lock, and does not outlive the op's last writer.
wipe "$D/$OP.fifo" "$D/$OP.timeout" "$D/work" "$D/${OP%%.*}.changed"
mkdir "$D/work" && mkfifo "$D/$OP.fifo" && : >"$D/$OP.out" || exit 74
(
  exec 9>&-
  exec <"$D/$OP.fifo"
  head -c 1048576
  exec cat >/dev/null
) >"$D/$OP.out" 2>/dev/null &
sink=$!
setsid sh "$BELAY_KIT/kit/child.sh" "$OP" "$script" </dev/null >"$D/$OP.fifo" 2>&1 &
child=$!

dog=
if [ "$TIMEOUT" -gt 0 ]; then
  value=
  starttime "$child"
  # It outlives a runner that a fence has killed, and the number may be somebody else's by then: it looks before it kills.
  # shellcheck disable=SC2016 # expanded by the inner shell
  setsid sh -c 'sleep "$1"; start=$(sed "s/^.*) //" "/proc/$2/stat" | cut -d " " -f 20); [ -n "$start" ] && [ "$start" = "$4" ] || exit 0
    : >"$3"; kill -TERM "-$2"; sleep 2; kill -KILL "-$2"' sh "$TIMEOUT" "$child" "$D/$OP.timeout" "$value" \
    </dev/null >/dev/null 2>&1 9>&- &
  dog=$!
fi
wait "$child"
rc=$?
[ -z "$dog" ] || kill -KILL "-$dog" 2>/dev/null
if [ -e "$D/$OP.timeout" ]; then
  kill -KILL "-$child" 2>/dev/null
  rc=124
fi

rm -rf "$D/$OP.fifo" "$D/work"
# The last of the output: the sink ends by itself unless a process of the op is still there and holds the pipe.
tries=0
while kill -0 "$sink" 2>/dev/null && [ "$tries" -lt 20 ]; do
  tries=$((tries + 1))
  nap
done
put "$D/$OP.rc" "$rc" "$D/$OP.out" || put "$D/$OP.rc" "$rc" || exit 74
exit 0
