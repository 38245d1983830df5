// ABI decoder: any slot of any bytes is decoded or refused; a decoded string equals itself after encoding and
// decoding.
#include "eth/codec/abi.hpp"
#include "require.hpp"

using namespace lamda;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const eth::abi::Decoder decoder(BytesView(data, size));
    for (const std::size_t slot : {0U, 1U, 2U, 7U}) {
        (void)decoder.uint(slot);
        (void)decoder.uint(slot, 64);
        (void)decoder.boolean(slot);
        (void)decoder.address(slot);
        (void)decoder.bytes32(slot);
        if (const auto raw = decoder.bytes(slot)) {
            fuzz::require(raw->size() + 32 <= size, "reads stay within the input");
            const Bytes again = eth::abi::Encoder().uint(7).bytes(*raw).finish();
            fuzz::require(eth::abi::Decoder(again).bytes(1).value() == *raw, "bytes round-trip");
        }
        if (const auto word = decoder.uint(slot, 8)) {
            fuzz::require(*word < 256 && decoder.uint(slot).value() == *word, "eight bits are below 256");
        }
        if (const auto text = decoder.string(slot)) {
            const Bytes again = eth::abi::Encoder().string(*text).finish();
            fuzz::require(eth::abi::Decoder(again).string(0).value() == *text, "a string round-trips");
        }
        if (const auto tuple = decoder.dynamic_tuple(slot)) {
            (void)tuple->string(0);
            (void)tuple->dynamic_tuple(1);
        }
    }
    return 0;
}
