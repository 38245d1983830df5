#include "crypto/hmac.hpp"

#include <cryptopp/hmac.h>
#include <cryptopp/misc.h>
#include <cryptopp/sha.h>

#include "crypto/digest.hpp"

namespace lamda::crypto {

Bytes32 hmac_sha256(std::string_view key, std::string_view message) {
    const auto key_bytes = as_bytes(key);
    const auto bytes = as_bytes(message);
    CryptoPP::HMAC<CryptoPP::SHA256> code(key_bytes.data(), key_bytes.size());
    Bytes32 out;
    code.CalculateDigest(out.array().data(), bytes.data(), bytes.size());
    return out;
}

bool same_code(const Bytes32& a, const Bytes32& b) {
    return CryptoPP::VerifyBufsEqual(a.array().data(), b.array().data(), Bytes32::kSize);
}

bool same_secret(std::string_view a, std::string_view b) {
    return same_code(sha256(as_bytes(a)), sha256(as_bytes(b)));
}

}  // namespace lamda::crypto
