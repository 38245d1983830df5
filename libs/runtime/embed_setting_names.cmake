# Writes OUT: the names of the settings in EXAMPLE (env.example), commented out or not.
file(STRINGS ${EXAMPLE} lines REGEX "^#?[A-Z][A-Z0-9_]*=")
set(text "// Made from env.example.\n#pragma once\n\ninline constexpr const char* kEmbeddedSettingNames[] = {\n")
foreach(line IN LISTS lines)
  string(REGEX REPLACE "^#?([A-Z][A-Z0-9_]*)=.*$" "\\1" name "${line}")
  string(APPEND text "    \"${name}\",\n")
endforeach()
string(APPEND text "};\n")
# An equal file stays as it is: what includes it is not compiled again.
file(WRITE "${OUT}.new" "${text}")
file(COPY_FILE "${OUT}.new" "${OUT}" ONLY_IF_DIFFERENT)
file(REMOVE "${OUT}.new")
