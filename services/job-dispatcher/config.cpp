#include "services/job-dispatcher/config.hpp"

#include "ipfs/store_url.hpp"
#include "runtime/server_settings.hpp"

namespace lamda::dispatch {

namespace {
constexpr auto kFallback = "FINALITY_FALLBACK";
/// BSC's natural finality: 240 blocks of 0.45 s.
constexpr Millis kLeastFallback{108'000};

}  // namespace

Config read_config(runtime::Settings& settings) {
    Config out;
    out.database_url = runtime::read_database_url(settings);
    out.nats_url = runtime::read_nats_url(settings);
    out.nats_login = runtime::read_nats_login(settings);
    out.operator_token = runtime::read_operator_token(settings);
    out.bsc = streamrunner::read_bsc(settings);
    out.finality = settings.parsed<ingest::FinalityRule>(
        "DISPATCH_FINALITY", "finality before an assignment is sent: latest, safe, finalized or a duration",
        "finalized", &ingest::parse_finality, {});
    out.finality.fallback = settings.duration(
        kFallback, "age of blocks that count as final for dispatch if the finalized block is too old",
        "120s");
    if (*out.finality.fallback < kLeastFallback) {
        settings.mistake(kFallback, "is less than 108s, BSC's natural finality; use 108s or more");
    }
    out.reading = streamrunner::read_reading(settings, {&out.bsc});
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
    out.log_keep = settings.positive_duration(
        "LOG_KEEP", "time that container logs are kept, at most 1 MiB of an attempt", "168h");
    out.clock.spec_ttl =
        settings.positive_duration("SPEC_TTL", "maximum time that a job waits for its spec", "24h");
    out.ipfs_api_url = settings.normal_form("IPFS_API_URL", "IPFS node for spec lookups; empty: none",
                                            &ipfs::parse_api_url, "");
    out.ipfs_gateways = settings.normal_forms(
        "IPFS_GATEWAY_URL", "IPFS gateways for spec lookups; empty: none", &ipfs::parse_gateway_url);
    return out;
}

}  // namespace lamda::dispatch
