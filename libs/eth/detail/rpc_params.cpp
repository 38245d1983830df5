#include "eth/detail/rpc_params.hpp"

#include <stdexcept>

#include "core/json_writer.hpp"

namespace lamda::eth {
namespace {

void add_call(JsonWriter& out, const CallRequest& request) {
    out.begin_object();
    if (request.from) {
        out.key("from").text(request.from->hex());
    }
    if (request.to) {
        out.key("to").text(request.to->hex());
    }
    if (request.gas) {
        out.key("gas").text(to_quantity(*request.gas));
    }
    if (request.value != 0) {
        out.key("value").text(to_quantity(request.value));
    }
    out.key("data").text(to_hex(request.data)).end_object();
}

template <class Fixed>
void add_array(JsonWriter& out, const std::vector<Fixed>& items) {
    out.begin_array();
    for (const Fixed& item : items) {
        out.text(item.hex());
    }
    out.end_array();
}

}  // namespace

std::string block_text(BlockSpec block) {
    if (const auto* number = std::get_if<BlockNum>(&block)) {
        return to_quantity(number->value);
    }
    switch (std::get<Tag>(block)) {
        case Tag::kLatest:
            return "latest";
        case Tag::kSafe:
            return "safe";
        case Tag::kFinalized:
            return "finalized";
        case Tag::kPending:
            return "pending";
        case Tag::kEarliest:
            return "earliest";
    }
    throw std::logic_error("a tag outside its enumeration");
}

std::string params_of(std::initializer_list<std::string> texts) {
    JsonWriter out;
    out.begin_array();
    for (const auto& text : texts) {
        out.text(text);
    }
    return out.end_array().take();
}

std::string block_params(std::string_view block) {
    return JsonWriter().begin_array().text(block).boolean(false).end_array().take();
}

std::string call_params(const CallRequest& request, const std::optional<BlockSpec>& block) {
    JsonWriter out;
    out.begin_array();
    add_call(out, request);
    if (block) {
        out.text(block_text(*block));
    }
    return out.end_array().take();
}

std::string filter_params(std::string_view blocks, const LogFilter& filter) {
    JsonWriter out;
    out.begin_array().begin_object().raw(blocks);
    if (!filter.addresses.empty()) {
        out.key("address");
        add_array(out, filter.addresses);
    }
    if (!filter.topic0.empty() || !filter.topic1.empty()) {
        out.key("topics").begin_array();
        if (filter.topic0.empty()) {
            out.null();
        } else {
            add_array(out, filter.topic0);
        }
        if (!filter.topic1.empty()) {
            add_array(out, filter.topic1);
        }
        out.end_array();
    }
    return out.end_object().end_array().take();
}

}  // namespace lamda::eth
