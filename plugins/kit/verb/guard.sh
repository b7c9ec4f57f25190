# verb/guard.sh install|remove|show: the boot hook. What a reboot cut is put back while the host starts, before its
# services run. The hook has a private copy of the kit, B/guard/<digest>, so that kits may come and go.
# shellcheck shell=sh
guard_path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
guard_units=/etc/systemd/system

# guard_unit: the unit's name into $value; a second base directory on a host has a unit of its own.
guard_unit() {
  value=belay-boot.service
  [ "$BELAY_BASE" = /var/lib/belay ] || value=belay-boot$(printf '%s' "$BELAY_BASE" | tr '/' '-').service
}

# cron_lines ours|others: our line of the account's crontab, or all the others, on standard output; 1 when there is no cron
# to speak to. The end of our line tells it from those of other bases.
cron_mark() { value="# belay: guards $BELAY_BASE"; }
cron_lines() {
  cl_table=$(crontab -l 2>&1) || case $cl_table in *'no crontab'* | *"can't open"*) cl_table= ;; *) return 1 ;; esac
  cron_mark
  [ -z "$cl_table" ] || printf '%s\n' "$cl_table" | awk -v which="$1" -v mark="$value" '
    {ours = /^@reboot / && substr($0, length($0) - length(mark) + 1) == mark ? "ours" : "others"}
    ours == which'
}

# cron_runs: something would read the crontab after a reboot.
cron_runs() {
  command -v crontab >/dev/null 2>&1 || return 1
  cat /proc/[0-9]*/comm 2>/dev/null | grep -q -x -E 'cron|crond|fcron'
}

# guard_state: systemd, cron or no: a hook of this base that is switched on and whose scripts are there.
guard_state() {
  guard_unit
  if with_systemd && [ -f "$guard_units/$value" ] && systemctl is-enabled --quiet "$value" 2>/dev/null; then
    gs_line=$(grep '^ExecStart=' "$guard_units/$value")
    gs_way=systemd
  else
    gs_way=cron
    gs_line=
    ! cron_runs || gs_line=$(cron_lines ours) || gs_line=
  fi
  gs_script=${gs_line#*"$BELAY_BASE/guard/"}
  gs_script=${gs_script%% *}
  value=no
  case $gs_script in
    */kit/boot.sh) [ ! -f "$BELAY_BASE/guard/$gs_script" ] || value=$gs_way ;;
  esac
}

# guard_copy: the kit as B/guard/<digest>, whole and on the disk.
guard_copy() {
  gc_dir=$BELAY_BASE/guard
  kit_sum "$BELAY_KIT"
  gc_want=$value
  if [ -d "$gc_dir/${BELAY_KIT##*/}" ]; then
    kit_sum "$gc_dir/${BELAY_KIT##*/}"
    [ "$value" != "$gc_want" ] || return 0
  fi
  mkdir -p "$gc_dir" && rm -rf "$gc_dir"/.new.* && mkdir "$gc_dir/.new.$$" || return 1
  cp -R "$BELAY_KIT/kit" "$BELAY_KIT/action" "$BELAY_KIT/resource" "$gc_dir/.new.$$" && sync_tree "$gc_dir/.new.$$" || return 1
  rm -rf "${gc_dir:?}/${BELAY_KIT##*/}"
  mv -T "$gc_dir/.new.$$" "$gc_dir/${BELAY_KIT##*/}" && sync "$gc_dir" "$BELAY_BASE"
}

# Before basic.target means: before every ordinary service. Only the first attempt at the files is waited for; what starts
# services runs in the dead-man's own unit, or it would wait for us.
install_unit() {
  guard_unit
  iu_unit=$value
  put "$guard_units/$iu_unit" "# Written by Belay (guard install); removed by guard remove.
[Unit]
Description=Belay: put back what a reboot cut ($BELAY_BASE)
DefaultDependencies=no
RequiresMountsFor=$BELAY_BASE
After=sysinit.target
Before=basic.target shutdown.target
Conflicts=shutdown.target
ConditionPathExistsGlob=|$BELAY_BASE/runs/*/*/armed
ConditionPathExistsGlob=|$BELAY_BASE/runs/*/*/firing

[Service]
Type=oneshot
Environment=PATH=$guard_path LC_ALL=C
ExecStart=/bin/sh $BELAY_BASE/guard/${BELAY_KIT##*/}/kit/boot.sh $BELAY_BASE
TimeoutStartSec=600

[Install]
WantedBy=multi-user.target" && chmod 644 "$guard_units/$iu_unit" && systemctl daemon-reload >/dev/null 2>&1 &&
    systemctl enable --quiet "$iu_unit" >/dev/null 2>&1 || fail 74 "the unit $iu_unit could not be installed"
}

install_cron() {
  cron_runs || fail 74 'this host has no systemd that we may use and no cron that runs: there is nobody who would start a boot hook'
  cron_lines others >"$tmp/table" || fail 74 'this account may not have a crontab: there is nobody who would start a boot hook'
  cron_mark
  printf '@reboot /usr/bin/env -i PATH=%s LC_ALL=C /bin/sh %s %s %s\n' "$guard_path" \
    "$BELAY_BASE/guard/${BELAY_KIT##*/}/kit/boot.sh" "$BELAY_BASE" "$value" >>"$tmp/table"
  crontab "$tmp/table" >/dev/null 2>&1 || fail 74 'the crontab of this account could not be written'
}

remove_hook() {
  guard_unit
  if with_systemd && [ -f "$guard_units/$value" ]; then
    rh_unit=$value
    systemctl disable --quiet "$rh_unit" >/dev/null 2>&1
    rm -f "$guard_units/$rh_unit" && systemctl daemon-reload >/dev/null 2>&1 || fail 74 "the unit $rh_unit could not be removed"
  fi
  if command -v crontab >/dev/null 2>&1 && [ -n "$(cron_lines ours)" ]; then
    cron_lines others >"$tmp/table" && crontab "$tmp/table" >/dev/null 2>&1 || fail 74 'the crontab of this account could not be written'
  fi
  rm -rf "${BELAY_BASE:?}/guard"
}

verb_guard() {
  case ${1:-} in install | remove | show) ;; *) fail 64 'guard wants install, remove or show' ;; esac
  if [ "$1" != show ]; then
    scratch
    lock 10 || {
      lock_holders
      fail 75 "this host is busy: its lock is held${value:+ by $value}"
    }
  fi
  case $1 in
    install)
      guard_copy || fail 74 "the copy of the kit for the boot hook could not be written in $BELAY_BASE/guard"
      if with_systemd; then install_unit; else install_cron; fi
      for gd_old in "$BELAY_BASE/guard"/*; do
        [ "${gd_old##*/}" = "${BELAY_KIT##*/}" ] || rm -rf "$gd_old"
      done
      ;;
    remove) remove_hook ;;
  esac
  guard_state
  [ "$1" != install ] || [ "$value" != no ] || fail 74 'the boot hook was installed, and cannot be found now'
  emit_text guard "$value"
}
