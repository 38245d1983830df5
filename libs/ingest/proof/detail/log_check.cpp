#include "ingest/proof/detail/log_check.hpp"

#include <algorithm>
#include <tuple>

namespace lamda::ingest {

bool matches(const eth::Log& log, const eth::LogFilter& filter) {
    const auto has = [](const auto& list, const auto& item) {
        return std::find(list.begin(), list.end(), item) != list.end();
    };
    if (!filter.addresses.empty() && !has(filter.addresses, log.address)) {
        return false;
    }
    const auto topic_fits = [&](std::size_t at, const std::vector<Topic>& wanted) {
        return wanted.empty() || (log.topics.size() > at && has(wanted, log.topics[at]));
    };
    return topic_fits(0, filter.topic0) && topic_fits(1, filter.topic1);
}

bool may_match(const eth::Bloom& bloom, const eth::LogFilter& filter) {
    const auto any = [&](const auto& list) {
        return list.empty() || std::any_of(list.begin(), list.end(),
                                           [&](const auto& item) { return bloom.may_contain(item.view()); });
    };
    return any(filter.addresses) && any(filter.topic0) && any(filter.topic1);
}

eth::Bloom bloom_of(const std::vector<eth::Receipt>& receipts) {
    eth::Bloom bloom;
    for (const auto& receipt : receipts) {
        for (const auto& log : receipt.logs) {
            bloom.add(log);
        }
    }
    return bloom;
}

std::optional<std::string> sort_and_check(std::vector<eth::Log>& logs, BlockNum from, BlockNum to,
                                          const eth::LogFilter& filter) {
    std::sort(logs.begin(), logs.end(), [](const auto& a, const auto& b) {
        return std::tie(a.block_num, a.log_index) < std::tie(b.block_num, b.log_index);
    });
    logs.erase(std::unique(logs.begin(), logs.end()), logs.end());
    const eth::Log* previous = nullptr;
    for (const auto& log : logs) {
        const auto at = "block " + std::to_string(log.block_num.value);
        if (log.block_num < from || log.block_num > to) {
            return "a log of " + at + ", which was not requested";
        }
        if (!matches(log, filter)) {
            return "a log of another contract or topic in " + at;
        }
        if (previous != nullptr && previous->block_num == log.block_num) {
            if (previous->log_index == log.log_index) {
                return "log " + std::to_string(log.log_index) + " of " + at +
                       " twice, with different contents";
            }
            if (previous->block_hash != log.block_hash) {
                return "logs of two different blocks at height " + std::to_string(log.block_num.value);
            }
        }
        previous = &log;
    }
    return std::nullopt;
}

}  // namespace lamda::ingest
