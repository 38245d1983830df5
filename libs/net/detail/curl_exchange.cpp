#include "net/detail/curl_exchange.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace lamda::net {
namespace {

constexpr std::size_t kMaxHeaderBytes = 256U << 10;
constexpr std::size_t kMaxReserve = 8U << 20;

template <class T>
void set(CURL* handle, CURLoption option, T value) {
    const CURLcode code = curl_easy_setopt(handle, option, value);
    if (code == CURLE_OUT_OF_MEMORY) {
        throw std::bad_alloc();
    }
    if (code != CURLE_OK) {
        throw TransportError(TransportError::Kind::kOther,
                             std::string("libcurl rejected an option: ") + curl_easy_strerror(code));
    }
}

std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) {
        return "";
    }
    return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

TransportError::Kind kind_of(CURLcode code) {
    using Kind = TransportError::Kind;
    switch (code) {
        case CURLE_COULDNT_CONNECT:
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
            return Kind::kConnect;
        case CURLE_OPERATION_TIMEDOUT:
            return Kind::kTimeout;
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_INVALIDCERTSTATUS:
            return Kind::kTls;
        case CURLE_PARTIAL_FILE:
        case CURLE_GOT_NOTHING:
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
        case CURLE_BAD_CONTENT_ENCODING:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
            return Kind::kCut;
        case CURLE_FILESIZE_EXCEEDED:
            return Kind::kTooLarge;
        case CURLE_URL_MALFORMAT:
            return Kind::kBadUrl;
        case CURLE_ABORTED_BY_CALLBACK:
            return Kind::kCancelled;
        default:
            return Kind::kOther;
    }
}

}  // namespace

CurlExchange::CurlExchange(CURL* handle, const HttpRequest& request) : handle_(handle), request_(request) {
    if (!request.url.starts_with("http://") && !request.url.starts_with("https://")) {
        throw TransportError(TransportError::Kind::kBadUrl,
                             "a URL must start with http:// or https://, got " + redact_url(request.url));
    }
    curl_easy_reset(handle_);
    set_connection();
    set_headers();
    set_body();
    set_callbacks();
}

CurlExchange::~CurlExchange() {
    // The handle outlives the objects that its options point to; reset it so that none is read.
    curl_easy_reset(handle_);
}

void CurlExchange::set_connection() {
    set(handle_, CURLOPT_URL, request_.url.c_str());
    set(handle_, CURLOPT_PROTOCOLS_STR, "http,https");
    set(handle_, CURLOPT_FOLLOWLOCATION, 0L);
    // Ignores the environment's http_proxy: a proxy would see requests to nodes on this machine.
    set(handle_, CURLOPT_NOPROXY, "*");
    set(handle_, CURLOPT_NOSIGNAL, 1L);
    set(handle_, CURLOPT_TCP_NODELAY, 1L);
    set(handle_, CURLOPT_TCP_KEEPALIVE, 1L);
    set(handle_, CURLOPT_BUFFERSIZE, 128L << 10);
    set(handle_, CURLOPT_TIMEOUT_MS, static_cast<long>(request_.timeout.count()));
    set(handle_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_timeout.count()));
    if (!request_.unix_socket.empty()) {
        if (request_.unix_socket[0] != '/') {
            throw TransportError(TransportError::Kind::kBadUrl, "the path of a unix socket must be absolute");
        }
        set(handle_, CURLOPT_UNIX_SOCKET_PATH, request_.unix_socket.c_str());
    }
    if (!request_.on_data) {
        set(handle_, CURLOPT_ACCEPT_ENCODING, "");
    }
}

void CurlExchange::set_headers() {
    const auto append = [this](const std::string& line) {
        curl_slist* list = headers_.release();
        curl_slist* longer = curl_slist_append(list, line.c_str());
        headers_.reset(longer != nullptr ? longer : list);
        if (longer == nullptr) {
            throw std::bad_alloc();
        }
    };
    // Without this a large upload waits a second for a "100 Continue" that many servers never send.
    append("Expect:");
    if (request_.body.empty() && request_.body_file.empty() && request_.multipart_name.empty()) {
        append("Content-Type:");  // libcurl names a form's type for every POST
    }
    for (const auto& [name, value] : request_.headers) {
        if ((name + value).find_first_of("\r\n") != std::string::npos) {
            throw TransportError(TransportError::Kind::kBadUrl, "a header contains a line break");
        }
        // libcurl reads "Name:" as "do not send"; an empty value is written with a semicolon.
        append(value.empty() ? name + ";" : std::string(name).append(": ").append(value));
    }
    set(handle_, CURLOPT_HTTPHEADER, headers_.get());
}

void CurlExchange::set_body() {
    if (request_.method == "HEAD") {
        set(handle_, CURLOPT_NOBODY, 1L);
        return;
    }
    if (!request_.multipart_name.empty()) {
        mime_.reset(curl_mime_init(handle_));
        curl_mimepart* part = curl_mime_addpart(mime_.get());
        curl_mime_name(part, "file");
        const CURLcode code = request_.body_file.empty()
                                  ? curl_mime_data(part, request_.body.data(), request_.body.size())
                                  : curl_mime_filedata(part, request_.body_file.c_str());
        if (code != CURLE_OK) {
            throw std::system_error(errno, std::generic_category(), "open " + request_.body_file);
        }
        curl_mime_filename(part, request_.multipart_name.c_str());
        curl_mime_type(part, "application/octet-stream");
        set(handle_, CURLOPT_MIMEPOST, mime_.get());
    } else if (!request_.body_file.empty()) {
        file_.reset(std::fopen(request_.body_file.c_str(), "rbe"));
        struct stat info{};
        if (!file_ || fstat(fileno(file_.get()), &info) != 0) {
            throw std::system_error(errno, std::generic_category(), "open " + request_.body_file);
        }
        set(handle_, CURLOPT_UPLOAD, 1L);
        set(handle_, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(info.st_size));
        set(handle_, CURLOPT_READFUNCTION, &CurlExchange::on_read);
        set(handle_, CURLOPT_READDATA, file_.get());
        set(handle_, CURLOPT_SEEKFUNCTION, &CurlExchange::on_seek);
        set(handle_, CURLOPT_SEEKDATA, file_.get());
    } else if (!request_.body.empty() || request_.method != "GET") {
        set(handle_, CURLOPT_POSTFIELDS, request_.body.c_str());
        set(handle_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    }
    set(handle_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

void CurlExchange::set_callbacks() {
    set(handle_, CURLOPT_ERRORBUFFER, message_.data());
    set(handle_, CURLOPT_HEADERFUNCTION, &CurlExchange::on_header);
    set(handle_, CURLOPT_HEADERDATA, this);
    set(handle_, CURLOPT_WRITEFUNCTION, &CurlExchange::on_write);
    set(handle_, CURLOPT_WRITEDATA, this);
    if (request_.stop.stop_possible()) {
        set(handle_, CURLOPT_NOPROGRESS, 0L);
        set(handle_, CURLOPT_XFERINFOFUNCTION, &CurlExchange::on_progress);
        set(handle_, CURLOPT_XFERINFODATA, this);
    }
}

bool CurlExchange::take_header(std::string_view line) {
    header_bytes_ += line.size();
    if (header_bytes_ > kMaxHeaderBytes) {
        too_large_ = true;
        return false;
    }
    if (line.starts_with("HTTP/")) {  // also after a "100 Continue"
        response_.headers.clear();
        return true;
    }
    if (const auto colon = line.find(':'); colon != std::string_view::npos) {
        response_.headers.emplace_back(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
    }
    return true;
}

bool CurlExchange::take_data(BytesView data) {
    body_bytes_ += data.size();
    if (body_bytes_ > request_.max_body) {
        too_large_ = true;
        return false;
    }
    if (request_.on_data) {
        cancelled_ = !request_.on_data(data);
        return !cancelled_;
    }
    if (response_.body.empty()) {
        curl_off_t announced = 0;
        curl_easy_getinfo(handle_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
        if (announced > 0) {
            response_.body.reserve(
                std::min({static_cast<std::size_t>(announced), request_.max_body, kMaxReserve}));
        }
    }
    response_.body.append(reinterpret_cast<const char*>(data.data()), data.size());
    return true;
}

HttpResponse CurlExchange::finish(CURLcode code) {
    if (thrown_) {
        std::rethrow_exception(thrown_);
    }
    if (code != CURLE_OK) {
        throw error(code);
    }
    long status = 0;
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    return std::move(response_);
}

TransportError CurlExchange::error(CURLcode code) const {
    const auto kind = too_large_   ? TransportError::Kind::kTooLarge
                      : cancelled_ ? TransportError::Kind::kCancelled
                                   : kind_of(code);
    std::string what = request_.method + " " + redact_url(request_.url) + ": ";
    if (!request_.unix_socket.empty()) {
        what = request_.method + " " + request_.unix_socket + ": ";
    }
    switch (kind) {
        case TransportError::Kind::kTooLarge:
            what += "the answer is larger than " + std::to_string(request_.max_body) + " bytes";
            break;
        case TransportError::Kind::kCancelled:
            what += "cancelled";
            break;
        case TransportError::Kind::kConnect:
        case TransportError::Kind::kTls:
            // These messages name at most host, port and certificate; others could repeat more of the URL.
            what += message_[0] != '\0' ? message_.data() : curl_easy_strerror(code);
            break;
        default:
            what += curl_easy_strerror(code);
    }
    return TransportError(kind, what);
}

std::size_t CurlExchange::on_header(char* data, std::size_t size, std::size_t count, void* self) {
    auto& exchange = *static_cast<CurlExchange*>(self);
    try {
        return exchange.take_header({data, size * count}) ? size * count : 0;
    } catch (...) {
        exchange.thrown_ = std::current_exception();
        return 0;
    }
}

std::size_t CurlExchange::on_write(char* data, std::size_t size, std::size_t count, void* self) {
    auto& exchange = *static_cast<CurlExchange*>(self);
    try {
        return exchange.take_data(as_bytes({data, size * count})) ? size * count : CURL_WRITEFUNC_ERROR;
    } catch (...) {
        exchange.thrown_ = std::current_exception();
        return CURL_WRITEFUNC_ERROR;
    }
}

std::size_t CurlExchange::on_read(char* data, std::size_t size, std::size_t count, void* file) {
    auto* from = static_cast<std::FILE*>(file);
    const std::size_t got = std::fread(data, size, count, from);
    return got == 0 && std::ferror(from) != 0 ? CURL_READFUNC_ABORT : got * size;
}

int CurlExchange::on_seek(void* file, curl_off_t offset, int origin) {
    return fseeko(static_cast<std::FILE*>(file), offset, origin) == 0 ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

int CurlExchange::on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<const CurlExchange*>(self)->request_.stop.stop_requested() ? 1 : 0;
}

}  // namespace lamda::net
