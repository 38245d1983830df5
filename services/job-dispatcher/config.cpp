#include "services/job-dispatcher/config.hpp"

#include <algorithm>

#include "ipfs/store_url.hpp"
#include "runtime/server_settings.hpp"

namespace lamda::dispatch {

namespace {
constexpr auto kFallback = "FINALITY_FALLBACK";
/// BSC's natural finality: 240 blocks of 0.45 s.
constexpr Millis kLeastFallback{108'000};

void read_content(runtime::Settings& settings, Config& out) {
    const auto checked = [&](const char* name, const std::string& text,
                             Result<std::string> (*parse)(std::string_view)) {
        auto url = parse(text);
        if (!url) {
            settings.mistake(name, url.error().message);
        }
        return url ? *std::move(url) : std::string();
    };
    if (const auto api = settings.text("IPFS_API_URL", "IPFS node to look for specs; empty: none", "");
        !api.empty()) {
        out.ipfs_api_url = checked("IPFS_API_URL", api, &ipfs::parse_api_url);
    }
    for (const auto& gateway :
         settings.list("IPFS_GATEWAY_URL", "IPFS gateways to look for specs; empty: none", false)) {
        out.ipfs_gateways.push_back(checked("IPFS_GATEWAY_URL", gateway, &ipfs::parse_gateway_url));
    }
}

}  // namespace

Config read_config(runtime::Settings& settings) {
    Config out;
    out.database_url = runtime::read_database_url(settings);
    out.nats_url = runtime::read_nats_url(settings);
    out.operator_token = runtime::read_operator_token(settings);
    out.bsc_rpc_urls = settings.urls("BSC_RPC_URL", "JSON-RPC endpoints of BSC, comma-separated");
    out.job_manager = settings.address("JOB_MANAGER_CONTRACT_ADDRESS", "JobManager on BSC");
    if (const auto id =
            settings.maybe_number("BSC_CHAIN_ID", "97 testnet, 56 mainnet; unset: the first one seen")) {
        out.chain_id = ChainId{*id};
    }
    if (const auto block = settings.maybe_number(
            "JOB_MANAGER_START_BLOCK", "block of JobManager's deployment; unset: found by asking the node")) {
        out.start_block = BlockNum{*block};
    }
    out.finality = settings.parsed<ingest::FinalityRule>(
        "DISPATCH_FINALITY", "when a job may leave: latest, safe, finalized or a duration", "finalized",
        &ingest::parse_finality, {});
    out.finality.max_age =
        settings.duration("BSC_FINALITY_MAX_AGE", "an older finalized block is not believed", "60s");
    out.finality.fallback =
        settings.duration(kFallback, "then blocks of this age count as final for dispatch", "120s");
    if (*out.finality.fallback < kLeastFallback) {
        settings.mistake(kFallback,
                         "is less than 108s: only after that time do two thirds of BSC's validators stand "
                         "behind a block that no vote has finalized");
    }
    out.rpc_timeout = settings.positive_duration("RPC_TIMEOUT", "for one JSON-RPC call", "10s");
    out.rpc_agreement = static_cast<unsigned>(
        settings.number("RPC_AGREEMENT", "endpoints that must name the same finalized block", 1, 1, 16));
    if (out.rpc_agreement > std::max<std::size_t>(1, out.bsc_rpc_urls.size())) {
        settings.mistake("RPC_AGREEMENT", "it is more than there are endpoints");
    }
    out.verify_receipts = settings.boolean(
        "VERIFY_RECEIPTS", "read logs by blocks' receipts, proven by the header's root", false);
    out.audit_pace = settings.duration(
        "SWEEP_PACE", "between two ranges of final blocks that are read again and compared; 0s: never",
        "10s");
    out.clock.accept_timeout = settings.positive_duration(
        "ACCEPT_TIMEOUT", "acceptance by a provider that is present and has room", "60s");
    out.max_attempts = static_cast<std::uint32_t>(settings.number("MAX_ATTEMPTS", "of one job", 3, 1, 100));
    out.retry_pause = settings.duration(
        "RETRY_PAUSE", "after a job's first transient failure; five times as long after each further one",
        "20s");
    out.status_bytes = static_cast<std::int64_t>(settings.number(
                           "STATUS_STREAM_MIB", "what the stream STATUS may hold, in MiB; the oldest goes",
                           4'096, 16, 1U << 20))
                       << 20;
    out.clock.spec_ttl = settings.positive_duration("SPEC_TTL", "how long a job waits for its spec", "24h");
    read_content(settings, out);
    return out;
}

}  // namespace lamda::dispatch
