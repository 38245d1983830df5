// Answers of EVM nodes: each reader gives a value or one of the two errors that are promised, and nothing
// else.
#include <functional>

#include "eth/rpc_answer.hpp"
#include "eth/rpc_client.hpp"
#include "require.hpp"

using namespace lamda;

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
        attempt([&] { (void)answer.logs(); });
        attempt([&] { (void)answer.receipt(); });
        attempt([&] { (void)answer.receipts(); });
        attempt([&] { (void)answer.transaction(); });
        attempt([&] { (void)answer.text(); });
    });
    return 0;
}
