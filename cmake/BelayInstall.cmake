# Where things go on an installed system:
#   bin/belayd                       the daemon; the command, its man pages and completion are installed by cli/
#   libexec/belay/                   transports, found by the daemon's configuration key `workers`
#   share/belay/plugins/             kit, actions, resources: what travels to hosts
#   share/belay/schema/              JSON Schemas of release.yaml and playbook.yaml
#   share/doc/belay/                 the documents, and permits-portal as an example to copy
#   lib/systemd, lib/sysusers.d, lib/tmpfiles.d
set(unit ${CMAKE_BINARY_DIR}/systemd/belayd.service)
configure_file(${CMAKE_SOURCE_DIR}/systemd/belayd.service.in ${unit} @ONLY)

install(TARGETS belayd RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS belay-ssh belay-openssh belay-local RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/belay)
install(DIRECTORY plugins/kit plugins/action plugins/resource DESTINATION ${CMAKE_INSTALL_DATADIR}/belay/plugins)
install(DIRECTORY playbooks/schema/ DESTINATION ${CMAKE_INSTALL_DATADIR}/belay/schema)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN man EXCLUDE)
install(DIRECTORY playbooks/permits-portal DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(FILES ${unit} DESTINATION lib/systemd/system)
install(FILES systemd/belay.sysusers DESTINATION lib/sysusers.d RENAME belay.conf)
install(FILES systemd/belay.tmpfiles DESTINATION lib/tmpfiles.d RENAME belay.conf)
