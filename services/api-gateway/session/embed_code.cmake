# cmake -DOUT=x.cpp -DFILE=signature_check.json -P embed_code.cmake: the contract's creation code as a C++ array.
file(READ "${FILE}" json)
string(JSON code GET "${json}" bytecode)
string(REGEX REPLACE "^0x" "" hex "${code}")
string(LENGTH "${hex}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE "${OUT}.new" "// Made from signature_check.json by embed_code.cmake.
#include \"services/api-gateway/session/signature_check_code.hpp\"

namespace lamda::gateway {

namespace {
constexpr std::uint8_t kCode[${size}] = {${bytes}};
}  // namespace

BytesView signature_check_code() { return kCode; }

}  // namespace lamda::gateway
")
file(COPY_FILE "${OUT}.new" "${OUT}" ONLY_IF_DIFFERENT)
file(REMOVE "${OUT}.new")
