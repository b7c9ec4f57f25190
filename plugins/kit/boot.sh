# boot.sh BASE: what the boot hook runs when the host has started. Runs that were cut by the reboot are put back by their
# dead-man at once; a step that had announced the reboot gets its time again. Ends when the first attempt at every such
# step is over, so that what waits for us starts on files that are right. Started from a private copy of the kit.
# shellcheck shell=sh
BELAY_BASE=$1
own_kit=${0%/kit/boot.sh}
LC_ALL=C
export LC_ALL BELAY_BASE BELAY_KIT
umask 077
BELAY_KIT=$own_kit
# shellcheck source=lib.sh
. "$own_kit/kit/lib.sh"
# shellcheck source=state.sh
. "$own_kit/kit/state.sh"
# shellcheck source=way.sh
. "$own_kit/kit/way.sh"
# shellcheck source=gate.sh
. "$own_kit/kit/gate.sh"
end=$(($(uptime_seconds) + 300))

# kit_of_run: the scripts with which the run was armed, if they are still what they were; else our own.
kit_of_run() {
  BELAY_KIT=$own_kit
  kr_digest='' kr_sum=''
  [ -f "$R/deadman.kit" ] && read -r kr_digest kr_sum <"$R/deadman.kit" || return 0
  case $kr_digest in '' | *[!0-9a-f]*) return 0 ;; esac
  [ -d "$BELAY_BASE/kit/$kr_digest" ] || return 0
  kit_sum "$BELAY_BASE/kit/$kr_digest"
  [ "$value" != "$kr_sum" ] || BELAY_KIT=$BELAY_BASE/kit/$kr_digest
}

# take_up: with the gate held, the run has a dead-man again. $due says that it acts at once.
take_up() {
  due=no
  needing
  [ -n "$armed$firing" ] || return 0
  read_deadline
  boot_id
  if [ "$dl_boot" != "$value" ]; then
    due=yes
    # Only an armed step can wait for its daemon; one whose restore was cut goes on.
    if [ -z "$firing" ] && [ -n "$dl_boot" ]; then
      due=no
      for tu_step in $armed; do
        [ "$(cat "$R/$tu_step/expect_reboot" 2>/dev/null)" = "$dl_boot" ] || due=yes
      done
    fi
    if [ "$due" = no ]; then
      read -r _ tu_seconds _ <"$R/${armed# }/guarded"
      extend "$dl_epoch" "$tu_seconds" || due=yes
    fi
  fi
  for tu_step in $armed $firing; do rm -f "$R/$tu_step/tried"; done
  kit_of_run
  ensure_deadman || {
    say "run $run: $value"
    due=no
    bad=1
  }
}

# first_attempt_over: every step that is due has been tried once, or nobody works on it any more.
first_attempt_over() {
  alive "$R/deadman.pid" || return 0
  for fa_file in "$R"/*/guarded; do
    BELAY_STEP=${fa_file%/guarded}
    token
    case $value in armed | firing) [ -e "$BELAY_STEP/tried" ] || [ -e "$BELAY_STEP/needs-operator" ] || return 1 ;; esac
  done
}

bad=0
waiting=
for R in "$BELAY_BASE"/runs/*; do
  run=${R##*/}
  case $run in *[!0-9A-Z]*) continue ;; esac
  [ -d "$R" ] && gate 60 || continue
  take_up
  ungate
  [ "$due" = no ] || waiting="$waiting $run"
done
for run in $waiting; do
  R=$BELAY_BASE/runs/$run
  until first_attempt_over; do
    [ "$(uptime_seconds)" -lt "$end" ] || exit 1
    nap
  done
done
exit "$bad"
