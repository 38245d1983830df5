// Route POST /api/files: stores a file in the content store, and answers its CID.
#include "core/json_writer.hpp"
#include "services/api-gateway/routes/api.hpp"

namespace lamda::gateway {

namespace {

http::Response upload(const Parts& parts, const http::Request& request, const Caller& caller) {
    const auto reserve = [&](std::uint64_t bytes) {
        // Only the operator has no wallet: the store is the operator's own.
        if (const auto account = caller.wallet()) {
            parts.database.transact([&](store::Txn& txn) {
                count_upload(txn, parts.config.upload_quota, request.client, *account, bytes);
            });
        }
    };
    const auto stored = parts.uploads.store(*request.stream, reserve);
    const auto cid = stored.cid.to_string();
    JsonWriter out;
    out.begin_object().key("cid").text(cid).key("bytes").number(stored.bytes).end_object();
    auto response = json_response(out.take(), 201);
    response.headers.emplace_back("Location", "/api/files/" + cid);
    return response;
}

}  // namespace

void add_file_upload(http::Server& server, const Parts& parts) {
    add_stream_route(
        server, parts, "POST", "/api/files",
        [&parts](const http::Request& request, const Caller& caller) {
            return upload(parts, request, caller);
        },
        parts.config.files_max_bytes);
}

}  // namespace lamda::gateway
