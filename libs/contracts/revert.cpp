#include "contracts/revert.hpp"

#include <algorithm>
#include <map>

#include "eth/codec/abi.hpp"

namespace lamda::contracts {
namespace {

constexpr std::size_t kMaxText = 1'000;
constexpr std::array<std::uint8_t, 4> kErrorSelector = {0x08, 0xc3, 0x79, 0xa0};  // Error(string)
constexpr std::array<std::uint8_t, 4> kPanicSelector = {0x4e, 0x48, 0x7b, 0x71};  // Panic(uint256)

std::string printable(std::string text) {
    text.resize(std::min(text.size(), kMaxText));
    std::replace_if(text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    return text;
}

bool starts_with(BytesView data, const std::array<std::uint8_t, 4>& selector) {
    return data.size() >= 4 && std::equal(selector.begin(), selector.end(), data.begin());
}

// https://docs.soliditylang.org/en/latest/control-structures.html, "Panic via assert and Error via require"
std::string panic_text(const U256& code) {
    static const std::map<unsigned, const char*> kMeanings = {
        {0x00, "generic"},
        {0x01, "assertion failed"},
        {0x11, "arithmetic overflow"},
        {0x12, "division by zero"},
        {0x21, "value outside its enumeration"},
        {0x22, "storage wrongly encoded"},
        {0x31, "pop of an empty array"},
        {0x32, "index out of bounds"},
        {0x41, "out of memory"},
        {0x51, "call of an unset function"},
    };
    const auto meaning = code < 0x100 ? kMeanings.find(code.convert_to<unsigned>()) : kMeanings.end();
    return "panic " + to_quantity(code) +
           (meaning == kMeanings.end() ? "" : std::string(": ") + meaning->second);
}

}  // namespace

std::string describe_standard_revert(BytesView data) {
    if (data.empty()) {
        return "reverted without a reason";
    }
    if (starts_with(data, kErrorSelector)) {
        if (auto text = eth::abi::Decoder(data.subspan(4)).string(0)) {
            return printable(*std::move(text));
        }
    }
    if (starts_with(data, kPanicSelector)) {
        if (const auto code = eth::abi::Decoder(data.subspan(4)).uint(0)) {
            return panic_text(*code);
        }
    }
    return to_hex(data.first(std::min(data.size(), kMaxText)));
}

RevertText& RevertText::add(std::string_view name, const std::string& value) {
    return put(name, "\"" + printable(value) + "\"");
}

RevertText& RevertText::put(std::string_view name, const std::string& value) {
    text_ += text_.ends_with('(') ? "" : ", ";
    text_ += (name.empty() ? "" : std::string(name) + ": ") + value;
    return *this;
}

}  // namespace lamda::contracts
