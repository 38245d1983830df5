#include "natsauth/nkey.hpp"

#include <algorithm>
#include <cctype>

#include "natsauth/detail/base32.hpp"

namespace lamda::natsauth {

namespace {

constexpr std::uint8_t kSeedPrefix = 18 << 3;  // S

std::uint8_t prefix_of(KeyKind kind) {
    switch (kind) {
        case KeyKind::kOperator:
            return 14 << 3;  // O
        case KeyKind::kAccount:
            return 0;  // A
        case KeyKind::kUser:
            return 20 << 3;  // U
    }
    return 0;
}

const char* name_of(KeyKind kind) {
    switch (kind) {
        case KeyKind::kOperator:
            return "operator";
        case KeyKind::kAccount:
            return "account";
        case KeyKind::kUser:
            return "user";
    }
    return "";
}

/// CRC-16/XMODEM.
std::uint16_t crc16(BytesView bytes) {
    std::uint16_t crc = 0;
    for (const auto byte : bytes) {
        crc = static_cast<std::uint16_t>(crc ^ (byte << 8));
        for (int bit = 0; bit < 8; ++bit) {
            crc = static_cast<std::uint16_t>((crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1);
        }
    }
    return crc;
}

std::string with_crc(Bytes bytes) {
    const auto crc = crc16(bytes);
    bytes.push_back(static_cast<std::uint8_t>(crc & 0xff));
    bytes.push_back(static_cast<std::uint8_t>(crc >> 8));
    return detail::to_base32(bytes);
}

/// Returns the bytes after the prefix, if prefix and CRC are right.
Result<Bytes> key_bytes(std::string_view text, const Bytes& prefix, const Error& wrong) {
    constexpr std::size_t kKey = 32;
    const auto bytes = detail::from_base32(text);
    if (!bytes || bytes->size() != prefix.size() + kKey + 2 ||
        !std::equal(prefix.begin(), prefix.end(), bytes->begin())) {
        return wrong;
    }
    const auto end = bytes->end() - 2;
    const auto crc = crc16(BytesView(*bytes).first(bytes->size() - 2));
    if (end[0] != (crc & 0xff) || end[1] != (crc >> 8)) {
        return wrong;
    }
    return Bytes(bytes->begin() + static_cast<std::ptrdiff_t>(prefix.size()), end);
}

/// Seeds have two prefixes in 16 bits: 5 bits S, 8 bits of the kind's prefix, 3 bits zero.
Bytes seed_prefix(KeyKind kind) {
    const auto prefix = prefix_of(kind);
    return {static_cast<std::uint8_t>(kSeedPrefix | (prefix >> 5)),
            static_cast<std::uint8_t>((prefix & 31) << 3)};
}

}  // namespace

Nkey::Nkey(KeyKind kind, crypto::Ed25519Key key)
    : kind_(kind), key_(key), public_(public_key_text(kind, key.public_key())) {}

Nkey Nkey::generate(KeyKind kind) {
    return {kind, crypto::Ed25519Key::generate()};
}

Result<Nkey> Nkey::from_seed(KeyKind kind, std::string_view seed) {
    const Error wrong{"invalid_nkey",
                      std::string("is no seed of ") + (kind == KeyKind::kUser ? "a " : "an ") +
                          name_of(kind) + " NKey: 58 characters that begin with S" +
                          static_cast<char>(std::toupper(name_of(kind)[0])),
                      ""};
    const auto bytes = key_bytes(seed, seed_prefix(kind), wrong);
    if (!bytes) {
        return bytes.error();
    }
    auto key = crypto::Ed25519Key::from_seed(*bytes);
    if (!key) {
        return wrong;
    }
    return Nkey(kind, *key);
}

std::string Nkey::seed() const {
    Bytes bytes = seed_prefix(kind_);
    const auto seed = key_.seed();
    bytes.insert(bytes.end(), seed.begin(), seed.end());
    return with_crc(std::move(bytes));
}

Result<crypto::Ed25519PublicKey> parse_public_key(KeyKind kind, std::string_view text) {
    const Error wrong{"invalid_nkey",
                      std::string("is no public ") + name_of(kind) + " NKey: 56 characters that begin with " +
                          static_cast<char>(std::toupper(name_of(kind)[0])),
                      ""};
    const auto bytes = key_bytes(text, {prefix_of(kind)}, wrong);
    if (!bytes) {
        return bytes.error();
    }
    crypto::Ed25519PublicKey out{};
    std::copy(bytes->begin(), bytes->end(), out.begin());
    return out;
}

std::string public_key_text(KeyKind kind, const crypto::Ed25519PublicKey& key) {
    Bytes bytes{prefix_of(kind)};
    bytes.insert(bytes.end(), key.begin(), key.end());
    return with_crc(std::move(bytes));
}

}  // namespace lamda::natsauth
