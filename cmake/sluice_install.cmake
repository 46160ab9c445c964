# cmake --install: what a program needs that links sluice::PeerConnection: the public headers, one static library of everything
# below them (libsluice.a), one of the libuv shell (libsluice-native.a), a CMake package (find_package(sluice)) and pkg-config files.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(folders peer packetize transport negotiate ice dtls srtp rtp rtcp sctp sdp codec cc base)
set(archive ${CMAKE_BINARY_DIR}/lib/libsluice.a)
set(script "create ${archive}\n")
set(archives)
foreach(folder ${folders})
  string(APPEND script "addlib $<TARGET_FILE:sluice_${folder}>\n")
  list(APPEND archives $<TARGET_FILE:sluice_${folder}>)
endforeach()
string(APPEND script "addlib $<TARGET_PROPERTY:sluice_usrsctp,IMPORTED_LOCATION>\nsave\nend\n")
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/libsluice.mri CONTENT "${script}")
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
list(TRANSFORM folders PREPEND sluice_ OUTPUT_VARIABLE targets)
add_custom_command(
  OUTPUT ${archive}
  COMMAND ${CMAKE_COMMAND} -E rm -f ${archive}
  COMMAND ${CMAKE_AR} -M < ${CMAKE_BINARY_DIR}/libsluice.mri
  COMMAND ${CMAKE_RANLIB} ${archive}
  DEPENDS ${targets} ${archives} ${CMAKE_BINARY_DIR}/libsluice.mri
  VERBATIM)
add_custom_target(sluice_archive ALL DEPENDS ${archive})
set_target_properties(sluice_native PROPERTIES OUTPUT_NAME sluice-native)

# Libraries of the system that the archive needs, as the linker takes them.
set(SLUICE_PRIVATE_LIBRARIES "")
set(SLUICE_PRIVATE_FLAGS "")
if(IPSEC_MB_LIBRARY)
  list(APPEND SLUICE_PRIVATE_LIBRARIES IPSec_MB)
endif()
if(LIBSRTP2_FOUND)
  list(APPEND SLUICE_PRIVATE_LIBRARIES srtp2)
endif()
foreach(library ${SLUICE_PRIVATE_LIBRARIES})
  string(APPEND SLUICE_PRIVATE_FLAGS " -l${library}")
endforeach()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/sluice-config.cmake.in ${CMAKE_BINARY_DIR}/sluice-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/sluice PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/sluice-config-version.cmake COMPATIBILITY SameMinorVersion)
foreach(name sluice sluice-native)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/${name}.pc.in ${CMAKE_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT peer)
endforeach()
install(FILES ${archive} DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT peer)
install(TARGETS sluice_native ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT peer)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/sluice DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT peer
  FILES_MATCHING PATTERN "*.h")
install(FILES ${CMAKE_BINARY_DIR}/sluice-config.cmake ${CMAKE_BINARY_DIR}/sluice-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/sluice COMPONENT peer)
