// Reads key files: Web3 Secret Storage, version 3
// (https://ethereum.org/developers/docs/data-structures-and-encoding/web3-secret-storage).
#include <cryptopp/aes.h>
#include <cryptopp/modes.h>
#include <cryptopp/pwdbased.h>
#include <cryptopp/scrypt.h>
#include <cryptopp/secblock.h>
#include <cryptopp/sha.h>

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>

#include "crypto/digest.hpp"
#include "crypto/signer.hpp"

namespace lamda::crypto {
namespace {

using nlohmann::json;

/// Error of the file; used inside this source only.
struct BadFile {
    std::string message;
    std::string where;
};

const json& member(const json& object, const char* name, const std::string& where) {
    if (!object.is_object() || !object.contains(name)) {
        throw BadFile{std::string(name) + " is missing", where};
    }
    return object.at(name);
}

std::string text(const json& object, const char* name, const std::string& where) {
    const json& value = member(object, name, where);
    if (!value.is_string()) {
        throw BadFile{"a string is needed", where + "/" + name};
    }
    return value.get<std::string>();
}

Bytes hex(const json& object, const char* name, const std::string& where) {
    auto bytes = from_hex(text(object, name, where));
    if (!bytes) {
        throw BadFile{"hex digits are needed", where + "/" + name};
    }
    return *std::move(bytes);
}

/// Some tools omit leading zero bytes (eth-keyfile of the iv; geth of 2015 of the key). No tool omits more
/// than this number: then the file is malformed.
constexpr std::size_t kMostZeros = 4;

Bytes left_padded(Bytes bytes, std::size_t size) {
    if (bytes.size() < size && bytes.size() + kMostZeros >= size) {
        bytes.insert(bytes.begin(), size - bytes.size(), 0);
    }
    return bytes;
}

std::uint64_t number(const json& object, const char* name, const std::string& where, std::uint64_t most) {
    const json& value = member(object, name, where);
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() == 0 || value.get<std::uint64_t>() > most) {
        throw BadFile{"a number from 1 to " + std::to_string(most) + " is needed", where + "/" + name};
    }
    return value.get<std::uint64_t>();
}

// Wipes its memory on destruction.
using Secret = CryptoPP::SecByteBlock;

// The limits bound memory and time for a hostile file; they are above the values that wallets write.
Secret derive(const json& crypto, std::string_view password) {
    const std::string kdf = text(crypto, "kdf", "/crypto");
    const json& params = member(crypto, "kdfparams", "/crypto");
    const std::string where = "/crypto/kdfparams";
    const auto size = number(params, "dklen", where, 64);
    if (size < 32) {
        throw BadFile{"at least 32 is needed", where + "/dklen"};
    }
    const Bytes salt = hex(params, "salt", where);
    const auto* pass = reinterpret_cast<const CryptoPP::byte*>(password.data());
    Secret out(size);
    if (kdf == "scrypt") {
        const auto n = number(params, "n", where, 1U << 22);
        const auto r = number(params, "r", where, 64);
        const auto p = number(params, "p", where, 16);
        if (n < 2 || (n & (n - 1)) != 0) {
            throw BadFile{"a power of two is needed", where + "/n"};
        }
        if (128 * n * r > (1ULL << 30)) {
            throw BadFile{"n and r require more than 1 GiB", where};
        }
        CryptoPP::Scrypt().DeriveKey(out.data(), out.size(), pass, password.size(), salt.data(), salt.size(),
                                     n, r, p);
    } else if (kdf == "pbkdf2") {
        if (text(params, "prf", where) != "hmac-sha256") {
            throw BadFile{"only hmac-sha256 is supported", where + "/prf"};
        }
        const auto c = number(params, "c", where, 50'000'000);
        CryptoPP::PKCS5_PBKDF2_HMAC<CryptoPP::SHA256>().DeriveKey(out.data(), out.size(), 0, pass,
                                                                  password.size(), salt.data(), salt.size(),
                                                                  static_cast<unsigned>(c));
    } else {
        throw BadFile{"scrypt or pbkdf2 is needed", "/crypto/kdf"};
    }
    return out;
}

Result<std::unique_ptr<LocalSigner>> open(const json& file, std::string_view password) {
    if (number(file, "version", "", 3) != 3) {
        throw BadFile{"only version 3 is supported", "/version"};
    }
    const json& crypto = member(file, file.contains("Crypto") ? "Crypto" : "crypto", "");
    if (text(crypto, "cipher", "/crypto") != "aes-128-ctr") {
        throw BadFile{"only aes-128-ctr is supported", "/crypto/cipher"};
    }
    const Bytes iv =
        left_padded(hex(member(crypto, "cipherparams", "/crypto"), "iv", "/crypto/cipherparams"), 16);
    const Bytes ciphertext = hex(crypto, "ciphertext", "/crypto");
    const Bytes mac = hex(crypto, "mac", "/crypto");
    if (iv.size() != 16) {
        throw BadFile{"16 bytes are needed", "/crypto/cipherparams/iv"};
    }
    if (ciphertext.size() > 32 || ciphertext.size() + kMostZeros < 32) {
        throw BadFile{"32 bytes are needed", "/crypto/ciphertext"};
    }
    const Secret derived = derive(crypto, password);
    Secret checked(16 + ciphertext.size());
    std::copy(derived.begin() + 16, derived.begin() + 32, checked.begin());
    std::copy(ciphertext.begin(), ciphertext.end(), checked.begin() + 16);
    const Bytes32 expected = keccak256({checked.data(), checked.size()});
    if (mac.size() != Bytes32::kSize || !std::equal(mac.begin(), mac.end(), expected.array().begin())) {
        return Error{"wrong_password", "the password does not open this key file", ""};
    }
    Secret key(32);
    std::fill(key.begin(), key.end(), CryptoPP::byte{0});
    CryptoPP::CTR_Mode<CryptoPP::AES>::Decryption(derived.data(), 16, iv.data())
        .ProcessData(key.data() + (32 - ciphertext.size()), ciphertext.data(), ciphertext.size());
    auto signer = LocalSigner::from_bytes({key.data(), key.size()});
    if (!signer) {
        throw BadFile{"the content is not a private key", "/crypto/ciphertext"};
    }
    if (file.contains("address") && file.at("address") != "") {
        const Bytes address = hex(file, "address", "");
        if (!std::equal(address.begin(), address.end(), (*signer)->address().array().begin(),
                        (*signer)->address().array().end())) {
            throw BadFile{"the key in the file has another address", "/address"};
        }
    }
    return signer;
}

}  // namespace

namespace {

Result<std::unique_ptr<LocalSigner>> open_checked(const json& file, std::string_view password) {
    try {
        return open(file, password);
    } catch (const BadFile& bad) {
        return Error{"invalid_key_file", bad.message, bad.where};
    }
}

/// NFKC (Unicode annex 15), the password form of ethers and EIP-2335. Absent: not UTF-8, or ASCII only.
std::optional<Secret> normalized(std::string_view password) {
    const bool ascii = std::all_of(password.begin(), password.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    utf8proc_uint8_t* raw = nullptr;
    const auto size = ascii ? -1
                            : utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(password.data()),
                                           static_cast<utf8proc_ssize_t>(password.size()), &raw,
                                           static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE |
                                                                          UTF8PROC_COMPAT));
    if (size < 0) {
        return std::nullopt;
    }
    Secret out(raw, static_cast<std::size_t>(size));
    CryptoPP::SecureWipeArray(raw, static_cast<std::size_t>(size));
    std::free(raw);  // NOLINT(cppcoreguidelines-no-malloc): utf8proc's own
    return out;
}

}  // namespace

Result<std::unique_ptr<LocalSigner>> open_key_file(std::string_view json_text, std::string_view password) {
    const json file = json::parse(json_text, nullptr, false);
    if (!file.is_object()) {
        return Error{"invalid_key_file", "a key file must be a JSON object", ""};
    }
    // geth uses a password's bytes as typed, ethers their normal form.
    auto opened = open_checked(file, password);
    if (!opened && opened.error().code == "wrong_password") {
        if (const auto other = normalized(password)) {
            return open_checked(file, {reinterpret_cast<const char*>(other->data()), other->size()});
        }
    }
    return opened;
}

}  // namespace lamda::crypto
