# cmake -DASSETS="NAME=FILE;..." -DOUTPUT=FILE -P embed.cmake: a C++ source whose function NAME() gives the bytes of FILE.
set(out "#include \"load/assets.h\"\n\nnamespace sluice::load::assets {\nnamespace {\n")
set(functions "")
foreach(asset ${ASSETS})
  string(REGEX MATCH "^([a-z_]+)=(.+)$" whole "${asset}")
  set(name ${CMAKE_MATCH_1})
  file(READ ${CMAKE_MATCH_2} hex HEX)
  string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${hex}")
  # In pieces: compilers limit how long one literal is, and an escape must not run into what follows.
  string(REGEX REPLACE "((\\\\x..)(\\\\x..)(\\\\x..)(\\\\x..)(\\\\x..)(\\\\x..)(\\\\x..)(\\\\x..))" "\\1\"\n\"" bytes "${bytes}")
  string(APPEND out "constexpr char k_${name}[] = \"${bytes}\";\n")
  string(APPEND functions "std::string_view ${name}() {\n  return {k_${name}, sizeof k_${name} - 1};\n}\n")
endforeach()
file(WRITE ${OUTPUT} "${out}\n}  // namespace\n\n${functions}\n}  // namespace sluice::load::assets\n")
