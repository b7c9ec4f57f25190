# gate.sh: a run's gate, its deadline and its dead-man, as arm, renew, clean, the boot hook and the dead-man itself see them.
# Sourced after lib.sh, state.sh and way.sh. R is the run's directory, $run its name.
#
# What is decided about a dead-man is decided while holding the gate: that one is needed, that it may leave, what its
# deadline is, that the deadline has passed. So nobody ever relies on one that is just leaving. Who needs the host's lock
# as well takes that first. The gate is held for moments; nobody waits for the host's lock while holding it.
# shellcheck shell=sh

# gate SECONDS: takes the gate on descriptor 8; 70 there is no such run, 75 not free in time.
gate() {
  gt_end=$(($(uptime_seconds) + $1))
  while :; do
    (: >>"$R/gate") 2>/dev/null || return 70
    exec 8>>"$R/gate"
    until flock -n 8; do
      if [ "$(uptime_seconds)" -ge "$gt_end" ]; then
        exec 8>&-
        return 75
      fi
      nap
    done
    # A run that was forgotten and staged again has another gate of the same name.
    [ "$(stat -L -c %i /proc/self/fd/8)" != "$(stat -c %i "$R/gate" 2>/dev/null)" ] || return 0
    exec 8>&-
  done
}
ungate() { exec 8>&-; }

# read_deadline: "BOOT LIMIT EPOCH" into $dl_boot, $dl_limit, $dl_epoch; 1 when there is none that can be read.
read_deadline() {
  dl_boot='' dl_limit='' dl_epoch=''
  [ -f "$R/deadline" ] && read -r dl_boot dl_limit dl_epoch <"$R/deadline" || return 1
  case $dl_limit in '' | *[!0-9]*) return 1 ;; esac
}

# rest: the seconds until the deadline into $value. One of another boot has passed, and so has one that cannot be read.
rest() {
  value=0
  read_deadline || return 0
  boot_id
  if [ "$value" = "$dl_boot" ]; then value=$((dl_limit - $(uptime_seconds))); else value=0; fi
  [ "$value" -gt 0 ] || value=0
}

# extend EPOCH SECONDS: the deadline is at least SECONDS away from now; it never comes nearer.
extend() {
  boot_id
  ex_boot=$value
  # The uptime is cut to whole seconds: one more, so that it is never less than was asked for.
  ex_limit=$(($(uptime_seconds) + 1 + $2))
  if read_deadline && [ "$dl_boot" = "$ex_boot" ] && [ "$dl_limit" -gt "$ex_limit" ]; then ex_limit=$dl_limit; fi
  put "$R/deadline" "$ex_boot $ex_limit $1"
}

# guarded_steps: the ordinals of the run's guarded steps, the last one first, on standard output. D/guarded holds what was
# true at arm: "<digest of the snapshot> <seconds> <digest of what the step touches>".
guarded_steps() {
  for gs_file in "$R"/*/guarded; do
    [ -f "$gs_file" ] || continue
    gs_file=${gs_file%/guarded}
    printf '%s\n' "${gs_file##*/}"
  done | sort -rn
}

# needing: those of them that still need the dead-man, into $armed and $firing.
needing() {
  armed='' firing=''
  for nd_step in $(guarded_steps); do
    BELAY_STEP=$R/$nd_step
    token
    case $value in
      armed) armed="$armed $nd_step" ;;
      firing) [ -e "$BELAY_STEP/needs-operator" ] || firing="$firing $nd_step" ;;
    esac
  done
}

# kit_sum KITDIR: a digest of the scripts as they are on the disk now, into $value.
kit_sum() {
  value=$(cd "$1" && find kit action resource -type f | sort | xargs sha256sum | sha256sum | cut -d ' ' -f 1)
}

# step_sum: a digest of what says which resources the step has, into $value.
step_sum() {
  value=$(cd "$BELAY_STEP" && find touches r -type f -exec sha256sum {} + 2>/dev/null | sort | sha256sum | cut -d ' ' -f 1)
}

# ensure_deadman: with the gate held, a dead-man of this run lives and has said so; $way is what it runs under. 1 when
# there is none: the sentence is in $value.
ensure_deadman() {
  way=
  if alive "$R/deadman.pid"; then
    [ ! -f "$R/deadman.way" ] || IFS= read -r way <"$R/deadman.way"
    return 0
  fi
  deadman_way
  way=$value
  kit_sum "$BELAY_KIT"
  rm -f "$R/deadman.pid"
  put "$R/deadman.kit" "${BELAY_KIT##*/} $value" && put "$R/deadman.way" "$way" || {
    value="cannot write in $R"
    return 1
  }
  case $way in
    systemd)
      # Nothing that a restore starts ends with the unit; the unit has no part in the order of a boot or of a shutdown.
      value=$(timeout 20 systemd-run --quiet --collect --unit="belay-dm-$run-$$" --description="Belay: dead-man's switch of run $run" \
        --property=KillMode=process --property=Restart=on-abnormal --property=RestartSec=1 \
        --property=DefaultDependencies=no --property=Conflicts=shutdown.target --property=Before=shutdown.target \
        --setenv=PATH="$PATH" --setenv=LC_ALL=C \
        "$(command -v sh)" "$BELAY_KIT/kit/deadman.sh" "$BELAY_BASE" "$BELAY_KIT" "$run" 2>&1 </dev/null 8>&- 9>&-) || {
        encode "$value"
        value="the dead-man's switch could not be started by systemd-run: $value"
        return 1
      }
      ;;
    shell)
      setsid sh "$BELAY_KIT/kit/deadman.sh" "$BELAY_BASE" "$BELAY_KIT" "$run" </dev/null >/dev/null 2>&1 8>&- 9>&- &
      ;;
    *)
      value="this host cannot keep a dead-man's switch: it lacks setsid, or logind ends what a session leaves behind"
      return 1
      ;;
  esac
  ed_end=$(($(uptime_seconds) + 10))
  until alive "$R/deadman.pid"; do
    [ "$(uptime_seconds)" -lt "$ed_end" ] || {
      value="the dead-man's switch was started and did not come to life within 10 seconds"
      return 1
    }
    nap
  done
}
