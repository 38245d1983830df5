// `lamda node`: registers, shows and lists nodes.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "contracts/node_reputation.hpp"
#include "crypto/address_text.hpp"
#include "onchain/job_manager_reader.hpp"
#include "onchain/preflight.hpp"
#include "terminal/table.hpp"
#include "terminal/units.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/gateway.hpp"
#include "tools/cli/output/fields.hpp"
#include "tools/cli/output/printing.hpp"
#include "tools/cli/paying.hpp"

namespace lamda::cli {
namespace {

using nlohmann::json;

json to_json(const onchain::ProviderView& view) {
    return {{"wallet_address", crypto::checksum_address(view.address)},
            {"is_registered", view.registered},
            {"gpu_model", view.gpu_model},
            {"vram", to_decimal(view.vram)},
            {"last_seen", view.registered ? json(to_rfc3339(view.last_seen)) : json(nullptr)},
            {"total_jobs_completed", to_decimal(view.jobs)}};
}

void print_nodes(Context& context, const json& nodes) {
    if (context.json()) {
        fmt::print("{}", json_line(nodes));
        return;
    }
    using terminal::Kind;
    terminal::Table table({{"NODE", Kind::kId, 3},
                           {"GPU", Kind::kText, 2},
                           {"VRAM", Kind::kNumber},
                           {"ONLINE", Kind::kText, 0, 0, terminal::state_tone},
                           {"JOBS", Kind::kNumber},
                           {"LAST SEEN", Kind::kTime, 1}});
    for (const auto& node : nodes) {
        table.row({cell(node, "wallet_address"), cell(node, "gpu_model"),
                   with_unit("vram", node.value("vram", json())), yes_no(node, "is_online"),
                   cell(node, "total_jobs_completed"), cell(node, "last_seen")});
    }
    fmt::print("{}", table.text(context.screen()));
}

void print_node(Context& context, const json& node) {
    if (context.json()) {
        fmt::print("{}", json_line(node));
        return;
    }
    fmt::print("{}", terminal::listing(lines_of(node)));
}

}  // namespace

int register_node(Context& context, const std::string& gpu_model, const std::string& vram_mib, bool yes) {
    contracts::node_reputation::RegisterNode call;
    call.gpu_model = gpu_model;
    call.vram = argument(u256_from_decimal(vram_mib), "--vram");
    onchain::TxRequest request;
    request.to = context.node_reputation();
    request.data = call.encode();
    const Address wallet = context.wallet().address();
    onchain::ReputationView view(context.opbnb(), *request.to);
    const bool known = view.provider(wallet).registered;
    const ChainId chain = context.opbnb().chain_id();
    ask_on_terminal(
        fmt::format("{} node {} on chain {} as {}, {}.", known ? "Change" : "Register",
                    crypto::checksum_address(wallet), chain.value, gpu_model, terminal::mib(call.vram)),
        yes);
    const std::string subject = "node " + wallet.hex();
    request.subject = subject;
    const auto receipt =
        onchain::transact(context.opbnb(), context.clock(), context.wallet(), chain, request);
    require_logged(onchain::logged(receipt, *request.to,
                                   [&](const eth::Log& log) {
                                       const auto event =
                                           contracts::node_reputation::NodeRegistered::decode(log);
                                       return event && event->provider == wallet &&
                                              event->gpu_model == gpu_model && event->vram == call.vram;
                                   }),
                   "NodeRegistered", receipt, subject);
    const json out = {{"wallet_address", crypto::checksum_address(context.wallet().address())},
                      {"transaction_hash", receipt.tx_hash.hex()},
                      {"block", receipt.block.number.value}};
    print_node(context, out);
    return 0;
}

int show_node(Context& context, const std::string& text, bool chain_only) {
    const Address address = argument(crypto::parse_address(text), "address");
    if (chain_only) {
        onchain::ReputationView view(context.opbnb(), context.node_reputation());
        const auto provider = view.provider(address);
        print_node(context, to_json(provider));
        return provider.registered ? 0 : 1;
    }
    print_node(context, json::parse(gateway_get(context, "/api/nodes/" + address.hex())));
    return 0;
}

int list_nodes(Context& context, bool chain_only, std::optional<std::uint64_t> from_block) {
    if (!chain_only) {
        print_nodes(context, json::parse(gateway_get(context, "/api/nodes?limit=1000")).at("items"));
        return 0;
    }
    onchain::ReputationView view(context.opbnb(), context.node_reputation());
    auto nodes = json::array();
    for (const auto& address : view.providers(BlockNum{from_block.value_or(0)})) {
        nodes.push_back(to_json(view.provider(address)));
    }
    print_nodes(context, nodes);
    return 0;
}

}  // namespace lamda::cli
