#include "core/cid.hpp"

#include <algorithm>
#include <optional>

namespace lamda {
namespace {

constexpr std::uint8_t kSha256 = 0x12;
constexpr std::uint8_t kDigestSize = 32;
constexpr std::size_t kMostText = 128;
constexpr std::string_view kBase32 = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::string_view kBase58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

Error bad(std::string why) {
    return Error{"invalid_cid", "unsupported or malformed CID: " + std::move(why), ""};
}

std::string base32(BytesView bytes) {
    std::string out;
    out.reserve((bytes.size() * 8 + 4) / 5);
    unsigned bits = 0;
    unsigned buffer = 0;
    for (std::uint8_t b : bytes) {
        buffer = (buffer << 8 | b) & 0xffff;
        bits += 8;
        while (bits >= 5) {
            bits -= 5;
            out.push_back(kBase32[buffer >> bits & 31]);
        }
    }
    if (bits > 0) {
        out.push_back(kBase32[buffer << (5 - bits) & 31]);
    }
    return out;
}

std::optional<Bytes> unbase32(std::string_view text) {
    Bytes out;
    unsigned bits = 0;
    unsigned buffer = 0;
    for (char c : text) {
        const auto at = kBase32.find(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
        if (at == std::string_view::npos) {
            return std::nullopt;
        }
        buffer = (buffer << 5 | static_cast<unsigned>(at)) & 0xffff;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            out.push_back(static_cast<std::uint8_t>(buffer >> bits));
        }
    }
    // Bits beyond the last byte must be padding: otherwise two texts would name one block.
    if (bits >= 5 || (buffer & ((1U << bits) - 1)) != 0) {
        return std::nullopt;
    }
    return out;
}

std::optional<Bytes> unbase58(std::string_view text) {
    Bytes little;  // base 256, least significant first
    for (char c : text) {
        const auto at = kBase58.find(c);
        if (at == std::string_view::npos) {
            return std::nullopt;
        }
        auto carry = static_cast<unsigned>(at);
        for (auto& b : little) {
            carry += static_cast<unsigned>(b) * 58;
            b = static_cast<std::uint8_t>(carry);
            carry >>= 8;
        }
        while (carry > 0) {
            little.push_back(static_cast<std::uint8_t>(carry));
            carry >>= 8;
        }
    }
    for (char c : text) {
        if (c != '1') {
            break;
        }
        little.push_back(0);
    }
    return Bytes(little.rbegin(), little.rend());
}

}  // namespace

Result<Cid> Cid::from_bytes(BytesView bytes) {
    CidCodec codec = CidCodec::kDagPb;
    const bool bare_multihash = bytes.size() == 34 && bytes[0] == kSha256;  // version 0
    if (!bare_multihash) {
        if (bytes.size() != 36 || bytes[0] != 1) {
            return bad("version 0 or 1 with a 32-byte sha2-256 digest is needed");
        }
        if (bytes[1] != static_cast<std::uint8_t>(CidCodec::kRaw) &&
            bytes[1] != static_cast<std::uint8_t>(CidCodec::kDagPb)) {
            return bad("the codec must be raw or dag-pb");
        }
        codec = static_cast<CidCodec>(bytes[1]);
        bytes = bytes.subspan(2);
    }
    if (bytes[0] != kSha256 || bytes[1] != kDigestSize) {
        return bad("the hash must be sha2-256");
    }
    return Cid(codec, *Bytes32::from_bytes(bytes.subspan(2)));
}

Result<Cid> Cid::parse(std::string_view text) {
    if (text.empty() || text.size() > kMostText) {
        return bad("1 to 128 characters are needed");
    }
    std::optional<Bytes> bytes;
    if (text.size() == 46 && text.starts_with("Qm")) {
        bytes = unbase58(text);
    } else if (text.front() == 'b' || text.front() == 'B') {
        bytes = unbase32(text.substr(1));
    } else if (text.front() == 'z') {
        bytes = unbase58(text.substr(1));
    } else if (text.front() == 'f' || text.front() == 'F') {
        if (auto hex = from_hex(text.substr(1))) {
            bytes = *hex;
        }
    } else {
        return bad("it must start with Qm, b, z or f; write the CID alone, without ipfs://, path or gateway");
    }
    if (!bytes) {
        return bad("a character or the length does not fit its base");
    }
    return from_bytes(*bytes);
}

Bytes Cid::bytes() const {
    constexpr std::size_t kPrefix = 4;
    Bytes out(kPrefix + kDigestSize);
    out[0] = 1;
    out[1] = static_cast<std::uint8_t>(codec_);
    out[2] = kSha256;
    out[3] = kDigestSize;
    std::copy(digest_.array().begin(), digest_.array().end(), out.begin() + kPrefix);
    return out;
}

std::string Cid::to_string() const {
    return "b" + base32(bytes());
}

}  // namespace lamda
