// RLP and signed transactions: exactly one encoding of each value is accepted.
#include "eth/codec/rlp.hpp"
#include "eth/codec/transaction.hpp"
#include "require.hpp"

using namespace lamda;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const BytesView bytes(data, size);
    if (const auto item = eth::rlp::decode(bytes)) {
        const Bytes again = eth::rlp::encode(*item);
        fuzz::require(again == Bytes(bytes.begin(), bytes.end()), "only the canonical encoding is accepted");
    }
    if (const auto signed_transaction = eth::decode_signed(bytes)) {
        (void)eth::sender_of(*signed_transaction);
    }
    return 0;
}
