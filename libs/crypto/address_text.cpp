#include "crypto/address_text.hpp"

#include <algorithm>

#include "crypto/signer.hpp"

namespace lamda::crypto {

Result<Address> parse_address(std::string_view text) {
    auto address = Address::parse(text);
    if (!address) {
        return address;
    }
    const auto digits = text.substr(2);
    const bool lower = std::any_of(digits.begin(), digits.end(), [](char c) { return c >= 'a'; });
    const bool upper = std::any_of(digits.begin(), digits.end(), [](char c) { return c >= 'A' && c <= 'F'; });
    if (lower && upper && checksum_address(*address) != text) {
        return Error{
            "invalid_checksum",
            "the address's checksum (EIP-55, upper and lower case) does not match its digits: copy it "
            "again, or write it in lowercase once it is verified",
            ""};
    }
    return address;
}

}  // namespace lamda::crypto
