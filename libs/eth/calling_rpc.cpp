#include "eth/calling_rpc.hpp"

namespace lamda::eth {

ChainId CallingRpc::chain_id() {
    ChainId out;
    perform(questions::chain_id(out));
    return out;
}
BlockNum CallingRpc::block_number() {
    BlockNum out;
    perform(questions::block_number(out));
    return out;
}
std::optional<Header> CallingRpc::header(BlockSpec block) {
    std::optional<Header> out;
    perform(questions::header(block, out));
    return out;
}
std::optional<Header> CallingRpc::header(const BlockHash& hash) {
    std::optional<Header> out;
    perform(questions::header(hash, out));
    return out;
}
std::vector<Log> CallingRpc::logs(BlockNum from, BlockNum to, const LogFilter& filter) {
    std::vector<Log> out;
    perform(questions::logs(from, to, filter, out));
    return out;
}
std::vector<Log> CallingRpc::logs(const BlockHash& block, const LogFilter& filter) {
    std::vector<Log> out;
    perform(questions::logs(block, filter, out));
    return out;
}
std::vector<Receipt> CallingRpc::block_receipts(const BlockHash& block) {
    std::vector<Receipt> out;
    perform(questions::block_receipts(block, out));
    return out;
}
Bytes CallingRpc::code(const Address& address, BlockSpec block) {
    Bytes out;
    perform(questions::code(address, block, out));
    return out;
}
Bytes CallingRpc::call(const CallRequest& request, BlockSpec block) {
    Bytes out;
    perform(questions::call(request, block, out));
    return out;
}
std::uint64_t CallingRpc::estimate_gas(const CallRequest& request) {
    std::uint64_t out = 0;
    perform(questions::estimate_gas(request, out));
    return out;
}
U256 CallingRpc::balance(const Address& address, BlockSpec block) {
    U256 out;
    perform(questions::balance(address, block, out));
    return out;
}
std::uint64_t CallingRpc::transaction_count(const Address& address, BlockSpec block) {
    std::uint64_t out = 0;
    perform(questions::transaction_count(address, block, out));
    return out;
}
U256 CallingRpc::gas_price() {
    U256 out;
    perform(questions::gas_price(out));
    return out;
}
TxHash CallingRpc::send_raw_transaction(BytesView raw) {
    TxHash out;
    perform(questions::send_raw_transaction(raw, out));
    return out;
}
std::optional<Receipt> CallingRpc::receipt(const TxHash& hash) {
    std::optional<Receipt> out;
    perform(questions::receipt(hash, out));
    return out;
}
std::optional<TransactionInfo> CallingRpc::transaction(const TxHash& hash) {
    std::optional<TransactionInfo> out;
    perform(questions::transaction(hash, out));
    return out;
}

}  // namespace lamda::eth
