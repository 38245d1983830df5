#include "eth/detail/logs_answer.hpp"

#include <simdjson.h>

#include <cstring>

#include "eth/detail/hex_field.hpp"
#include "eth/rpc_answer.hpp"

namespace lamda::eth {
namespace {

namespace ondemand = simdjson::ondemand;

/// Thrown for any deviation from the plain form. The slow reader then determines the error.
struct NotPlain {};

/// Text between the quotes, unescaped and not copied: fields of hex digits hold no escapes.
std::string_view string_of(ondemand::value value, const char* end) {
    ondemand::raw_json_string raw;
    if (value.get_raw_json_string().get(raw) != simdjson::SUCCESS) {
        throw NotPlain{};
    }
    const char* const text = raw.raw();
    const auto* quote =
        static_cast<const char*>(std::memchr(text, '"', static_cast<std::size_t>(end - text)));
    if (quote == nullptr) {
        throw NotPlain{};
    }
    return {text, static_cast<std::size_t>(quote - text)};
}

template <class Fixed>
Fixed fixed_of(std::string_view text) {
    Fixed out;
    if (text.size() != 2 + 2 * Fixed::kSize || !text.starts_with("0x") ||
        !decode_hex(text.substr(2), out.array().data())) {
        throw NotPlain{};
    }
    return out;
}

Bytes bytes_of(std::string_view text) {
    if (text.size() % 2 != 0 || !text.starts_with("0x")) {
        throw NotPlain{};
    }
    Bytes out(text.size() / 2 - 1);
    if (!decode_hex(text.substr(2), out.data())) {
        throw NotPlain{};
    }
    return out;
}

std::uint64_t u64_of(std::string_view text) {
    if (text.size() < 3 || text.size() > 18 || !text.starts_with("0x")) {
        throw NotPlain{};
    }
    std::uint64_t out = 0;
    for (const char c : text.substr(2)) {
        const int digit = nibble(c);
        if (digit < 0) {
            throw NotPlain{};
        }
        out = out << 4 | static_cast<std::uint64_t>(digit);
    }
    return out;
}

void read_topics(ondemand::value value, const char* end, std::vector<Topic>& out) {
    constexpr std::size_t kMostTopics = 4;
    out.reserve(kMostTopics);
    for (auto item : value.get_array()) {
        if (out.size() == kMostTopics) {
            throw NotPlain{};
        }
        out.push_back(fixed_of<Topic>(string_of(item.value(), end)));
    }
}

enum Member : unsigned {
    kAddress = 1,
    kTopics = 2,
    kData = 4,
    kBlockNumber = 8,
    kBlockHash = 16,
    kTxHash = 32,
    kTxIndex = 64,
    kLogIndex = 128,
    kAll = 255
};

/// Reads one member. Returns its flag; 0: an unused member.
unsigned read_member(ondemand::raw_json_string key, ondemand::value value, const char* end, Log& out) {
    if (key == "address") {
        out.address = fixed_of<Address>(string_of(value, end));
        return kAddress;
    }
    if (key == "topics") {
        read_topics(value, end, out.topics);
        return kTopics;
    }
    if (key == "data") {
        out.data = bytes_of(string_of(value, end));
        return kData;
    }
    if (key == "blockNumber") {
        out.block_num = {u64_of(string_of(value, end))};
        return kBlockNumber;
    }
    if (key == "blockHash") {
        out.block_hash = fixed_of<BlockHash>(string_of(value, end));
        return kBlockHash;
    }
    if (key == "transactionHash") {
        out.tx_hash = fixed_of<TxHash>(string_of(value, end));
        return kTxHash;
    }
    if (key == "transactionIndex") {
        out.tx_index = u64_of(string_of(value, end));
        return kTxIndex;
    }
    if (key == "logIndex") {
        out.log_index = u64_of(string_of(value, end));
        return kLogIndex;
    }
    if (key == "removed" && value.get_bool().value()) {
        throw NotPlain{};
    }
    return 0;
}

Log log_of(ondemand::value value, const char* end) {
    Log out;
    unsigned seen = 0;
    for (auto field : value.get_object()) {
        const auto member = read_member(field.key().value(), field.value().value(), end, out);
        if ((seen & member) != 0) {
            throw NotPlain{};  // duplicate member
        }
        seen |= member;
    }
    if (seen != kAll) {
        throw NotPlain{};
    }
    return out;
}

std::vector<Log> read_plain(std::uint64_t id, std::string& body) {
    body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
    ondemand::parser parser;
    ondemand::document document = parser.iterate(body.data(), body.size(), body.capacity());
    std::vector<Log> logs;
    bool has_id = false;
    bool has_result = false;
    for (auto field : document.get_object()) {
        const std::string_view key = field.unescaped_key().value();
        if (key == "id" && !has_id) {
            has_id = field.value().get_uint64().value() == id;
        } else if (key == "result" && !has_result) {
            has_result = true;
            for (auto item : field.value().get_array()) {
                logs.push_back(log_of(item.value(), body.data() + body.size()));
            }
        } else if (key != "jsonrpc") {
            throw NotPlain{};
        }
    }
    const char* rest = nullptr;
    const bool at_end = document.current_location().get(rest) != simdjson::SUCCESS;
    if (!has_id || !has_result || !at_end) {
        throw NotPlain{};
    }
    return logs;
}

}  // namespace

std::vector<Log> read_logs_answer(std::uint64_t id, net::HttpResponse& response) {
    constexpr int kOk = 200;
    if (response.status == kOk) {
        try {
            return read_plain(id, response.body);
        } catch (const NotPlain&) {  // the slow reader below reads the body again
        } catch (const simdjson::simdjson_error&) {
        }
    }
    return RpcAnswer("eth_getLogs", id, response.status, response.body).logs();
}

}  // namespace lamda::eth
