#include "testkit/job_logs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace lamda::testkit {

namespace {

/// The first of anvil's accounts: the node signs for it.
constexpr auto kSender = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";

/// The text of a string field of well-formed flat JSON; empty: absent.
std::string field(const std::string& json, const std::string& name) {
    const auto key = json.find('"' + name + '"');
    const auto begin = key == std::string::npos ? key : json.find('"', json.find(':', key));
    const auto end = begin == std::string::npos ? begin : json.find('"', begin + 1);
    return end == std::string::npos ? std::string() : json.substr(begin + 1, end - begin - 1);
}

std::string bytecode() {
    const auto path = source_dir() + "/tests/data/JobLogs.json";
    std::ifstream in(path);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    auto code = field(text, "bytecode");
    if (code.empty()) {
        throw std::runtime_error("no bytecode in " + path);
    }
    return code;
}

}  // namespace

JobLogs::JobLogs(Anvil& node) : node_(node) {
    const auto hash = node_.call("eth_sendTransaction",
                                 fmt::format(R"([{{"from":"{}","data":"{}"}}])", kSender, bytecode()));
    wait_until([&] {
        address_ = field(node_.call("eth_getTransactionReceipt", "[" + hash + "]"), "contractAddress");
        return !address_.empty();
    });
    if (address_.empty()) {
        throw std::runtime_error("the EVM node mined no JobLogs contract: transaction " + hash);
    }
}

void JobLogs::emit(JobLogKind kind, std::uint64_t first, std::uint64_t count, std::uint64_t per_block) {
    // With automatic mining the node mines some time after its answer, and several transactions together.
    node_.call("evm_setAutomine", "[false]");
    for (std::uint64_t done = 0; done < count; done += per_block) {
        // A fixed gas limit saves the node an estimation for each block.
        node_.call(
            "eth_sendTransaction",
            fmt::format(R"([{{"from":"{}","to":"{}","gas":"{:#x}","data":"0x{:064x}{:064x}{:064x}"}}])",
                        kSender, address_, 60'000 + 2'900 * per_block, static_cast<unsigned>(kind),
                        first + done, std::min(per_block, count - done)));
        node_.call("evm_mine", "[]");
    }
    node_.call("evm_setAutomine", "[true]");
}

BlockNum head_of(Anvil& node) {
    const auto answer = node.call("eth_blockNumber", "[]");  // "0x…", in quotes
    return BlockNum{std::stoull(answer.substr(1), nullptr, 16)};
}

}  // namespace lamda::testkit
