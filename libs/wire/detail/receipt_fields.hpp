// The receipt as a member of a status and of its own document. Internal to wire.
#pragma once

#include "wire/detail/fields.hpp"
#include "wire/messages.hpp"

namespace lamda::wire::detail {

/// hashStruct of EIP-712.
Bytes32 receipt_hash(const Receipt& receipt);
Json receipt_json(const Receipt& receipt);
Receipt read_receipt(Fields fields);
std::int32_t read_exit_code(Fields& fields);
crypto::Signature read_signature(Fields& fields, std::string_view key);

}  // namespace lamda::wire::detail
