#include "txsender/detail/revert_reason.hpp"

#include <algorithm>

#include "eth/codec/abi.hpp"

namespace lamda::txsender {

std::string revert_reason(const eth::RpcError& error) {
    const BytesView data = error.data();
    if (data.size() < 4) {
        return error.what();
    }
    const auto is = [&](const char* signature) {
        const auto selector = eth::abi::selector(signature);
        return std::equal(selector.begin(), selector.end(), data.begin());
    };
    const eth::abi::Decoder arguments(data.subspan(4));
    if (is("Error(string)")) {
        if (const auto text = arguments.string(0, 1'024)) {
            return *text;
        }
    }
    if (is("Panic(uint256)")) {
        if (const auto code = arguments.uint(0)) {
            return "panic " + to_quantity(*code);
        }
    }
    return "error " + to_hex(data.first(4));
}

}  // namespace lamda::txsender
