#include "ingest/proof/proven_chain.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

#include "ingest/proof/detail/log_check.hpp"

namespace lamda::ingest {

namespace {

Error unproven(std::size_t agreeing, std::size_t quorum, const std::string& last_error) {
    return {"unproven",
            std::to_string(agreeing) + " of " + std::to_string(quorum) + " endpoints that are needed agree" +
                (last_error.empty() ? "" : "; " + last_error),
            ""};
}

Error contradiction(const std::string& one, const std::string& other, const std::string& what) {
    return {"contradiction", one + " and " + other + " contradict one another about " + what, ""};
}

/// Answer of one endpoint to one eth_call. A revert is an answer as well.
struct Answer {
    std::string endpoint;
    Bytes result;
    bool reverted = false;
};

Result<Bytes> agreed_answer(const std::vector<Answer>& answers, std::size_t quorum,
                            const std::string& last_error) {
    for (const auto& answer : answers) {
        if (answer.result != answers.front().result || answer.reverted != answers.front().reverted) {
            return contradiction(answers.front().endpoint, answer.endpoint, "the result of a call");
        }
    }
    if (answers.size() < quorum) {
        return unproven(answers.size(), quorum, last_error);
    }
    if (answers.front().reverted) {
        return Error{"reverted", "the call reverts", ""};
    }
    return answers.front().result;
}

}  // namespace

Result<eth::Header> agreed_header(const std::vector<Statement>& statements, std::size_t quorum) {
    const Statement* first = nullptr;
    std::size_t agreeing = 0;
    std::string last_error;
    for (const auto& one : statements) {
        if (!one.header) {
            last_error = one.endpoint + ": " + one.last_error;
            continue;
        }
        first = first == nullptr ? &one : first;
        ++agreeing;
        if (one.header->hash != first->header->hash) {
            return contradiction(first->endpoint, one.endpoint,
                                 "final block " + std::to_string(one.header->number.value));
        }
    }
    if (first == nullptr || agreeing < quorum) {
        return unproven(agreeing, quorum, last_error);
    }
    return *first->header;
}

ProvenChain::ProvenChain(rpcpool::MultiRpc& rpc, eth::LogFilter filter, const Clock& clock,
                         std::size_t at_once)
    : rpc_(rpc), filter_(std::move(filter)), witnesses_(rpc, clock), at_once_(at_once) {}

void ProvenChain::begin() {
    witnesses_.open(rpc_.chain_id());
    finals_.clear();
    last_error_.clear();
    for (const auto i : witnesses_.candidates()) {
        auto& endpoint = witnesses_.at(i);
        try {
            if (const auto header = endpoint.header(eth::BlockSpec(eth::Tag::kFinalized))) {
                finals_.push_back({i, header->number});
            } else {
                last_error_ = endpoint.name() + ": reports no finalized block";
            }
        } catch (const std::exception& error) {
            last_error_ = endpoint.name() + ": " + error.what();
        }
    }
}

std::optional<BlockNum> ProvenChain::final() const {
    const auto needed = quorum();
    if (finals_.size() < needed) {
        return std::nullopt;
    }
    std::vector<BlockNum> numbers;
    for (const auto& one : finals_) {
        numbers.push_back(one.number);
    }
    std::sort(numbers.rbegin(), numbers.rend());
    return numbers[needed - 1];
}

Statement ProvenChain::ask(const Final& final, BlockNum number) const {
    auto& endpoint = witnesses_.at(final.endpoint);
    Statement out{endpoint.name(), std::nullopt, "lacks block " + std::to_string(number.value)};
    if (number > final.number) {
        out.last_error = "block " + std::to_string(number.value) + " is not final there";
        return out;
    }
    try {
        out.header = endpoint.proven_header(number);
    } catch (const std::exception& error) {
        out.last_error = error.what();
    }
    return out;
}

Result<BlockView> ProvenChain::block(BlockNum number) const {
    std::vector<Statement> statements;
    for (const auto& final : finals_) {
        statements.push_back(ask(final, number));
    }
    if (finals_.empty() && !last_error_.empty()) {
        return unproven(0, quorum(), last_error_);
    }
    const auto header = agreed_header(statements, quorum());
    if (!header) {
        return header.error();
    }
    BlockView out{"", kept(*header), {}, true};
    std::string last_error;
    for (std::size_t i = 0; i < finals_.size(); ++i) {
        if (!statements[i].header) {
            continue;
        }
        out.endpoint = statements[i].endpoint;
        if (!may_match(header->logs_bloom, filter_)) {
            return out;
        }
        try {
            auto& endpoint = witnesses_.at(finals_[i].endpoint);
            out.logs = logs_of_receipts(*header, endpoint.block_receipts(header->hash), filter_, true);
            return out;
        } catch (const std::exception& error) {
            last_error = out.endpoint + ": " + error.what();
        }
    }
    return Error{"unproven", "no endpoint returned the receipts of the block; " + last_error, ""};
}

std::vector<Result<BlockView>> ProvenChain::blocks(const std::vector<BlockNum>& numbers) const {
    std::vector<Result<BlockView>> out(numbers.size(), Error{"unproven", "not requested", ""});
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (auto i = next++; i < numbers.size(); i = next++) {
            out[i] = block(numbers[i]);
        }
    };
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < std::min(at_once_, numbers.size()); ++i) {
        others.emplace_back(work);
    }
    work();
    others.clear();
    return out;
}

std::vector<Result<Bytes>> ProvenChain::calls(const std::vector<eth::CallRequest>& requests) const {
    if (const auto at = final()) {
        return calls(requests, *at);
    }
    return {requests.size(), unproven(finals_.size(), quorum(), last_error_)};
}

std::vector<Result<Bytes>> ProvenChain::calls(const std::vector<eth::CallRequest>& requests,
                                              BlockNum at) const {
    std::vector<std::vector<Answer>> answers(requests.size());
    std::string last_error = last_error_;
    for (const auto& final : finals_) {
        if (final.number < at) {
            continue;
        }
        auto& endpoint = witnesses_.at(final.endpoint);
        try {
            const auto outcomes = endpoint.calls(requests, eth::BlockSpec(at));
            for (std::size_t i = 0; i < outcomes.size(); ++i) {
                const auto& error = outcomes[i].error;
                if (!error || error->is_revert()) {
                    answers[i].push_back({endpoint.name(), outcomes[i].result, error.has_value()});
                } else {
                    last_error = endpoint.name() + ": " + error->what();
                }
            }
        } catch (const std::exception& error) {
            last_error = endpoint.name() + ": " + error.what();
        }
    }
    std::vector<Result<Bytes>> out;
    for (const auto& of_one : answers) {
        out.push_back(agreed_answer(of_one, quorum(), last_error));
    }
    return out;
}

}  // namespace lamda::ingest
