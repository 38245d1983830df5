#include "crypto/ed25519.hpp"

#include <cryptopp/donna.h>
#include <cryptopp/misc.h>
#include <cryptopp/osrng.h>

namespace lamda::crypto {

Result<Ed25519Key> Ed25519Key::from_seed(BytesView seed) {
    Ed25519Key out;
    if (seed.size() != out.seed_.size()) {
        return Error{"invalid_length", "an Ed25519 seed has 32 bytes", ""};
    }
    std::copy(seed.begin(), seed.end(), out.seed_.begin());
    CryptoPP::Donna::ed25519_publickey(out.public_.data(), out.seed_.data());
    return out;
}

Ed25519Key Ed25519Key::generate() {
    Ed25519Key out;
    CryptoPP::OS_GenerateRandomBlock(false, out.seed_.data(), out.seed_.size());
    CryptoPP::Donna::ed25519_publickey(out.public_.data(), out.seed_.data());
    return out;
}

Ed25519Key::~Ed25519Key() {
    CryptoPP::SecureWipeArray(seed_.data(), seed_.size());
}

Ed25519Signature Ed25519Key::sign(BytesView message) const {
    Ed25519Signature out{};
    CryptoPP::Donna::ed25519_sign(message.data(), message.size(), seed_.data(), public_.data(), out.data());
    return out;
}

bool ed25519_verify(const Ed25519PublicKey& key, BytesView message, BytesView signature) {
    return signature.size() == Ed25519Signature{}.size() &&
           CryptoPP::Donna::ed25519_sign_open(message.data(), message.size(), key.data(), signature.data()) ==
               0;
}

}  // namespace lamda::crypto
