// Answers of EVM nodes: each reader returns a value or throws one of the two documented errors. Parsed
// receipts have an encoding, or the missing member is named.
#include <functional>

#include "eth/codec/receipts_root.hpp"
#include "eth/codec/rlp.hpp"
#include "eth/rpc_answer.hpp"
#include "eth/rpc_client.hpp"
#include "require.hpp"

using namespace lamda;

namespace {

void check(const std::vector<eth::Log>& logs) {
    for (const auto& log : logs) {
        fuzz::require(log.topics.size() <= 4, "a log has at most four topics");
    }
}

void check(const eth::Receipt& receipt) {
    check(receipt.logs);
    const auto encoded = eth::encode_receipt(receipt);
    if (!encoded) {
        fuzz::require(encoded.error().code == "incomplete_receipt", "only a missing member is refused");
        return;
    }
    const BytesView bytes(*encoded);
    const bool typed = *receipt.type != 0;
    fuzz::require(!typed || bytes[0] == *receipt.type, "the type byte is first");
    const auto item = eth::rlp::decode(bytes.subspan(typed ? 1 : 0));
    fuzz::require(item.ok() && item->is_list() && item->list()[3].list().size() == receipt.logs.size(),
                  "a receipt's encoding parses back, with all its logs");
}

void check(const std::vector<eth::Receipt>& receipts) {
    for (const auto& receipt : receipts) {
        check(receipt);
    }
    eth::Header header;
    if (const auto root = eth::receipts_root(receipts)) {
        header.receipts_root = *root;
        const auto checked = eth::check_receipts(header, receipts);
        fuzz::require(checked.ok() || checked.error().message.starts_with("log "),
                      "receipts match their own computed root");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string body(fuzz::text_of(data, size));
    const auto attempt = [](const std::function<void()>& what) {
        try {
            what();
        } catch (const eth::BadAnswer&) {
        } catch (const eth::RpcError&) {
        }
    };
    attempt([&] {
        const eth::RpcAnswer answer("eth_method", 1, 200, body);
        (void)answer.is_null();
        attempt([&] { (void)answer.quantity(); });
        attempt([&] { (void)answer.u64(); });
        attempt([&] { (void)answer.bytes(); });
        attempt([&] { (void)answer.tx_hash(); });
        attempt([&] { (void)answer.header(); });
        attempt([&] { (void)answer.proven_header(); });
        attempt([&] { check(answer.logs()); });
        attempt([&] { check(answer.receipt()); });
        attempt([&] { check(answer.receipts()); });
        attempt([&] { (void)answer.transaction(); });
        attempt([&] { (void)answer.text(); });
    });
    return 0;
}
