// The ABI decoder: any slot of any bytes is read or refused; what is read as a string is read back after
// encoding.
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
        (void)decoder.bytes(slot);
        if (const auto text = decoder.string(slot)) {
            const Bytes again = eth::abi::Encoder().string(*text).finish();
            fuzz::require(eth::abi::Decoder(again).string(0).value() == *text, "a string comes back");
        }
        if (const auto tuple = decoder.dynamic_tuple(slot)) {
            (void)tuple->string(0);
            (void)tuple->dynamic_tuple(1);
        }
    }
    return 0;
}
