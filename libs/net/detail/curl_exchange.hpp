// One exchange on one libcurl easy handle: setup, collection of the answer, errors.
// Private to this library.
#pragma once

#include <curl/curl.h>

#include <array>
#include <cstdio>
#include <exception>
#include <memory>

#include "net/http_message.hpp"

namespace lamda::net {

struct EasyDeleter {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
/// Keeps its connections from one exchange to the next.
using Easy = std::unique_ptr<CURL, EasyDeleter>;

/// The request must outlive the object. The handle must not run after the object is destroyed.
class CurlExchange {
  public:
    /// @throws TransportError kBadUrl; std::system_error if the file to upload cannot be opened.
    CurlExchange(CURL* handle, const HttpRequest& request);
    ~CurlExchange();
    CurlExchange(const CurlExchange&) = delete;
    CurlExchange& operator=(const CurlExchange&) = delete;

    /// Returns the answer. @throws TransportError, or the exception of on_data.
    HttpResponse finish(CURLcode code);

  private:
    struct SlistDeleter {
        void operator()(curl_slist* list) const { curl_slist_free_all(list); }
    };
    struct MimeDeleter {
        void operator()(curl_mime* mime) const { curl_mime_free(mime); }
    };
    struct FileCloser {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };

    void set_connection();
    void set_headers();
    void set_body();
    void set_callbacks();
    bool take_header(std::string_view line);
    bool take_data(BytesView data);
    TransportError error(CURLcode code) const;

    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_write(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_read(char* data, std::size_t size, std::size_t count, void* file);
    static int on_seek(void* file, curl_off_t offset, int origin);
    static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

    CURL* handle_;
    const HttpRequest& request_;
    HttpResponse response_;
    std::unique_ptr<curl_slist, SlistDeleter> headers_;
    std::unique_ptr<curl_mime, MimeDeleter> mime_;
    std::unique_ptr<std::FILE, FileCloser> file_;
    std::array<char, CURL_ERROR_SIZE> message_{};
    std::size_t header_bytes_ = 0;
    std::size_t body_bytes_ = 0;
    bool too_large_ = false;
    bool cancelled_ = false;
    std::exception_ptr thrown_;
};

}  // namespace lamda::net
