// Route GET /api/files/{cid}: a file of the content stores, each block verified before it is sent.
#include <fmt/format.h>

#include "http/byte_range.hpp"
#include "services/api-gateway/routes/api.hpp"

namespace lamda::gateway {

namespace {

using Kind = http::Selection::Kind;

/// Any client may have stored the content: a browser saves it, and neither shows nor runs it as a page of the
/// gateway.
std::vector<std::pair<std::string, std::string>> file_headers(const std::string& name,
                                                              const std::string& tag) {
    return {{"ETag", tag},
            {"Accept-Ranges", "bytes"},
            {"Cache-Control", "public, max-age=31536000, immutable"},
            {"Content-Disposition", "attachment; filename=\"" + name + "\""},
            {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox"}};
}

http::Response unsatisfiable(const http::Request& request, std::uint64_t size) {
    auto out = http::to_response({416,
                                  "range_not_satisfiable",
                                  "",
                                  fmt::format("the file has {} bytes, none in this range", size),
                                  {}},
                                 request);
    out.headers.emplace_back("Content-Range", fmt::format("bytes */{}", size));
    return out;
}

http::Response download(const Parts& parts, const http::Request& request) {
    const auto cid = path_param<Cid>(request, "cid");
    const std::string name = cid.to_string();
    const std::string tag = "\"" + name + "\"";
    http::Response out{200, "application/octet-stream", "", file_headers(name, tag)};
    auto not_modified = out;
    not_modified.status = 304;
    const bool unchanged = http::is_unchanged(request, tag);
    if (unchanged && !http::names_any_tag(request)) {
        return not_modified;  // the CID names its bytes: no store is asked
    }
    auto opened = parts.downloads.open(cid, request.client);
    if (unchanged) {
        return not_modified;
    }
    const auto size = opened.reader.size();
    const auto selection = http::select_range(request, tag, size);
    if (selection.kind == Kind::kUnsatisfiable) {
        return unsatisfiable(request, size);
    }
    if (selection.kind == Kind::kPart) {
        out.status = 206;
        out.headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", selection.first,
                                                              selection.first + selection.size - 1, size));
    }
    out.length = selection.size;
    if (request.method != "HEAD" && selection.size > 0) {
        opened.reader.select(selection.first, selection.size);
        out.feed = parts.downloads.send(std::move(opened));
    }
    return out;
}

}  // namespace

void add_file_download(http::Server& server, const Parts& parts) {
    add_route(server, parts, "GET", "/api/files/{cid}",
              [&parts](const http::Request& request) { return download(parts, request); });
}

}  // namespace lamda::gateway
