// Creation code of contracts/SignatureCheck.sol, embedded at build time.
#pragma once

#include "core/bytes.hpp"

namespace lamda::gateway {

BytesView signature_check_code();

}  // namespace lamda::gateway
