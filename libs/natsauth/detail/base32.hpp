// Base32 without padding (RFC 4648, section 6) and unpadded base64url (section 5). Internal to natsauth.
#pragma once

#include "core/bytes.hpp"

namespace lamda::natsauth::detail {

std::string to_base32(BytesView bytes);
/// Capital letters and digits only. Errors: `invalid_base32`.
Result<Bytes> from_base32(std::string_view text);

std::string to_base64url(BytesView bytes);
/// Errors: `invalid_base64`.
Result<Bytes> from_base64url(std::string_view text);

}  // namespace lamda::natsauth::detail
