// Bare download of recorded requests with libcurl.
#include <curl/curl.h>

#include <memory>
#include <stdexcept>

#include "floor.hpp"
#include "report.hpp"

namespace lamda::bench {

namespace {

std::size_t count_only(char*, std::size_t size, std::size_t items, void* total) {
    *static_cast<std::size_t*>(total) += size * items;
    return size * items;
}

void must(CURLMcode code) {
    if (code != CURLM_OK) {
        throw std::runtime_error(std::string("libcurl: ") + curl_multi_strerror(code));
    }
}

// CURL and CURLM are both void: named deleters distinguish them.
struct FreeEasy {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeMulti {
    void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

}  // namespace

Download download(const std::string& url, const std::vector<std::string>& bodies, std::size_t at_once) {
    const std::unique_ptr<curl_slist, FreeList> headers(
        curl_slist_append(nullptr, "Content-Type: application/json"));
    const std::unique_ptr<CURLM, FreeMulti> multi(curl_multi_init());
    std::vector<std::unique_ptr<CURL, FreeEasy>> handles;
    Download out;
    std::size_t next = 0;
    const double begin = now_seconds();
    const auto send = [&](CURL* handle) {
        const auto& body = bodies[next++];
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body.c_str());
        must(curl_multi_add_handle(multi.get(), handle));
    };
    while (handles.size() < at_once && next < bodies.size()) {
        CURL* handle = handles.emplace_back(curl_easy_init()).get();
        curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
        curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
        curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &count_only);
        curl_easy_setopt(handle, CURLOPT_WRITEDATA, &out.bytes);
        send(handle);
    }
    for (int running = 1; running > 0;) {
        must(curl_multi_perform(multi.get(), &running));
        int left = 0;
        while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
            if (message->data.result != CURLE_OK) {
                throw std::runtime_error(std::string("download: ") +
                                         curl_easy_strerror(message->data.result));
            }
            CURL* handle = message->easy_handle;
            must(curl_multi_remove_handle(multi.get(), handle));
            if (next < bodies.size()) {
                send(handle);
                running = 1;
            }
        }
        if (running > 0) {
            must(curl_multi_poll(multi.get(), nullptr, 0, 1'000, nullptr));
        }
    }
    out.seconds = now_seconds() - begin;
    for (const auto& handle : handles) {
        curl_multi_remove_handle(multi.get(), handle.get());
    }
    return out;
}

}  // namespace lamda::bench
