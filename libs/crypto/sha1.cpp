#include "crypto/sha1.hpp"

#include <cryptopp/base64.h>
#include <cryptopp/filters.h>
#include <cryptopp/sha.h>

namespace lamda::crypto {

std::string sha1_base64(std::string_view text) {
    CryptoPP::SHA1 hash;
    std::string out;
    CryptoPP::StringSource(
        reinterpret_cast<const CryptoPP::byte*>(text.data()), text.size(), true,
        new CryptoPP::HashFilter(
            hash, new CryptoPP::Base64Encoder(new CryptoPP::StringSink(out), /*insertLineBreaks=*/false)));
    return out;
}

}  // namespace lamda::crypto
