#include "eth/detail/batch_answer.hpp"

#include <simdjson.h>

#include <algorithm>

#include "eth/detail/json_object.hpp"
#include "eth/rpc.hpp"

namespace lamda::eth {

namespace {

[[noreturn]] void refuse(const net::HttpResponse& response, const char* why) {
    throw BadAnswer(response.status,
                    "a batch: " + std::string(why) + " (HTTP " + std::to_string(response.status) + ")");
}

[[noreturn]] void refuse_whole(const net::HttpResponse& response, dom::object answer) {
    dom::object error;
    std::string_view message;
    std::int64_t code = 0;
    if (answer["error"].get_object().get(error) != simdjson::SUCCESS) {
        refuse(response, "the answer is not an array");
    }
    if (error["message"].get_string().get(message) != simdjson::SUCCESS ||
        error["code"].get_int64().get(code) != simdjson::SUCCESS) {
        refuse(response, "an error object without code or message");
    }
    throw RpcError(code, message.empty() ? "an error without a message" : std::string(message), {});
}

}  // namespace

std::vector<std::string> split_batch_answer(const net::HttpResponse& response, std::size_t count) {
    dom::parser parser;
    dom::element root;
    const std::string_view json = without_byte_order_mark(response.body);
    if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) {
        refuse(response, "the answer is not JSON");
    }
    dom::array answers;
    if (root.get_array().get(answers) != simdjson::SUCCESS) {
        dom::object object;
        if (root.get_object().get(object) == simdjson::SUCCESS) {
            refuse_whole(response, object);
        }
        refuse(response, "the answer is not an array");
    }
    std::vector<std::string> out(count);
    for (const dom::element answer : answers) {
        dom::element named;
        const auto id = answer["id"].get(named) == simdjson::SUCCESS ? id_of(named) : std::nullopt;
        if (!id || *id >= count) {
            refuse(response, "an answer with an unknown id");
        }
        if (!out[*id].empty()) {
            refuse(response, "two answers to one call");
        }
        out[*id] = simdjson::minify(answer);
    }
    if (count > 0 && std::all_of(out.begin(), out.end(), [](const auto& one) { return one.empty(); })) {
        refuse(response, "no call has an answer");
    }
    return out;
}

}  // namespace lamda::eth
