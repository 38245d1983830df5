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
    if (const auto api = settings.text("IPFS_API_URL", "IPFS node for spec lookups; empty: none", "");
        !api.empty()) {
        out.ipfs_api_url = checked("IPFS_API_URL", api, &ipfs::parse_api_url);
    }
    for (const auto& gateway :
         settings.list("IPFS_GATEWAY_URL", "IPFS gateways for spec lookups; empty: none", false)) {
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
            settings.maybe_number("BSC_CHAIN_ID", "97 testnet, 56 mainnet; unset: the first chain seen")) {
        out.chain_id = ChainId{*id};
    }
    if (const auto block = settings.maybe_number(
            "JOB_MANAGER_START_BLOCK", "block of JobManager's deployment; unset: searched by eth_getCode")) {
        out.start_block = BlockNum{*block};
    }
    out.finality = settings.parsed<ingest::FinalityRule>(
        "DISPATCH_FINALITY", "finality before an assignment is sent: latest, safe, finalized or a duration",
        "finalized", &ingest::parse_finality, {});
    out.finality.max_age = settings.duration(
        "BSC_FINALITY_MAX_AGE", "maximum age of a finalized block; an older one is not used", "60s");
    out.finality.fallback = settings.duration(
        kFallback, "age of blocks that count as final for dispatch if the finalized block is too old",
        "120s");
    if (*out.finality.fallback < kLeastFallback) {
        settings.mistake(kFallback, "is less than 108s, BSC's natural finality; use 108s or more");
    }
    out.rpc_timeout = settings.positive_duration("RPC_TIMEOUT", "timeout of one JSON-RPC call", "10s");
    out.rpc_agreement = static_cast<unsigned>(
        settings.number("RPC_AGREEMENT", "endpoints that must name the same finalized block", 1, 1, 16));
    if (out.rpc_agreement > std::max<std::size_t>(1, out.bsc_rpc_urls.size())) {
        settings.mistake("RPC_AGREEMENT", "is greater than the number of endpoints");
    }
    out.verify_receipts = settings.boolean(
        "VERIFY_RECEIPTS", "read logs from the blocks' receipts, verified by the header's receipts root",
        false);
    out.audit_pace = settings.duration(
        "SWEEP_PACE", "audit: pause between two ranges of final blocks that are read again; 0s: no audit",
        "10s");
    out.clock.accept_timeout = settings.positive_duration(
        "ACCEPT_TIMEOUT", "time to accept an attempt, while the provider is present with free capacity",
        "60s");
    out.max_attempts =
        static_cast<std::uint32_t>(settings.number("MAX_ATTEMPTS", "attempts of one job", 3, 1, 100));
    out.retry_pause = settings.duration(
        "RETRY_PAUSE",
        "pause after a job's first transient failure; five times as long after each further one", "20s");
    out.status_bytes =
        static_cast<std::int64_t>(settings.number(
            "STATUS_STREAM_MIB", "size limit of the stream STATUS, in MiB; the oldest messages are dropped",
            4'096, 16, 1U << 20))
        << 20;
    out.clock.spec_ttl =
        settings.positive_duration("SPEC_TTL", "maximum time that a job waits for its spec", "24h");
    read_content(settings, out);
    return out;
}

}  // namespace lamda::dispatch
