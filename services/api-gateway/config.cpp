#include "config.hpp"

namespace lamda::gateway {

Config read_config(runtime::Settings& settings) {
    Config out;
    out.database_url = settings.secret("DATABASE_URL", "PostgreSQL, as a libpq URI");
    out.nats_url = settings.secret("NATS_URL", "NATS servers, comma-separated");
    out.port = static_cast<int>(
        settings.number("API_PORT", "port of the REST interface; 0: any free one", 8080, 0, 65'535));
    out.cors_origins = settings.list("CORS_ALLOWED_ORIGINS", "origins of frontends, or *", false);
    out.operator_token =
        settings.secret("OPERATOR_TOKEN", "bearer token for PUT /api/jobs/{id}/status", false);
    if (!out.operator_token.empty() && out.operator_token.reveal().size() < 8) {
        settings.mistake("OPERATOR_TOKEN", "must have at least 8 characters");
    }
    if (const auto id = settings.maybe_number(
            "BSC_CHAIN_ID", "chain of JobManager; without it no job can be submitted here")) {
        out.chain_id = ChainId{*id};
    }
    out.job_manager = settings.address("JOB_MANAGER_CONTRACT_ADDRESS", "JobManager on BSC");
    return out;
}

}  // namespace lamda::gateway
