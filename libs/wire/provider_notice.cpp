#include "wire/provider_notice.hpp"

#include "wire/detail/fields.hpp"
#include "wire/messages.hpp"

namespace lamda::wire {

using detail::Fields;
using detail::Json;

namespace {

constexpr std::size_t kMostImageBytes = 255;
constexpr std::size_t kMostNoticeDepth = 8;
constexpr std::uint32_t kLongest = 86'400;

Json limits_json(const ResourceLimits& limits) {
    return Json::Object{{"cpuMillis", limits.cpu_millis},
                        {"memoryMib", limits.memory_mib},
                        {"diskMib", limits.disk_mib},
                        {"gpus", limits.gpus}};
}

Json texts_json(const std::vector<std::string>& items) {
    return Json::Array(items.begin(), items.end());
}

Json addresses_json(const std::vector<Address>& items) {
    Json::Array out;
    for (const auto& item : items) {
        out.emplace_back(item.hex());
    }
    return out;
}

Json policy_json(const ProviderPolicy& policy) {
    return Json::Object{
        {"price", Json::Object{{"cpuSecond", to_decimal(policy.price.cpu_second)},
                               {"memoryGibSecond", to_decimal(policy.price.memory_gib_second)},
                               {"gpuSecond", to_decimal(policy.price.gpu_second)}}},
        {"maxTimeSeconds", policy.max_time_seconds},
        {"most", limits_json(policy.most)},
        {"network", policy.network},
        {"rentersAllowed", addresses_json(policy.renters_allowed)},
        {"rentersDenied", addresses_json(policy.renters_denied)},
        {"images", texts_json(policy.images)},
        {"registries", policy.registries ? texts_json(*policy.registries) : Json(nullptr)},
        {"localImages", texts_json(policy.local_images)}};
}

ResourceLimits read_limits(Fields& parent, std::string_view key) {
    if (!parent.has(key)) {
        return {};
    }
    auto fields = parent.object(key);
    const auto amount = [&](std::string_view name) {
        return fields.has(name) ? std::optional(fields.uint64(name, 0)) : std::nullopt;
    };
    return {amount("cpuMillis"), amount("memoryMib"), amount("diskMib"), amount("gpus")};
}

U256 read_price(Fields& fields, std::string_view key) {
    if (!fields.has(key)) {
        return U256(0);
    }
    const auto price = fields.checked(key, u256_from_decimal(fields.text(key, 1, 78)), U256(0));
    if (price >= (U256(1) << 128U)) {
        fields.refuse("out_of_range", "a price below 2^128 wei is needed", key);
        return U256(0);
    }
    return price;
}

std::vector<std::string> read_texts(Fields& fields, std::string_view key) {
    return fields.has(key) ? fields.texts(key, kMostPolicyImages, kMostImageBytes)
                           : std::vector<std::string>();
}

std::vector<Address> read_addresses(Fields& fields, std::string_view key) {
    std::vector<Address> out;
    if (fields.has(key)) {
        for (const auto& text : fields.texts(key, kMostPolicyRenters, 42)) {
            out.push_back(fields.checked(key, Address::parse(text), {}));
        }
    }
    return out;
}

ProviderPolicy read_policy(Fields& fields) {
    ProviderPolicy out;
    if (fields.has("price")) {
        auto price = fields.object("price");
        out.price = {read_price(price, "cpuSecond"), read_price(price, "memoryGibSecond"),
                     read_price(price, "gpuSecond")};
    }
    if (fields.has("maxTimeSeconds")) {
        out.max_time_seconds = fields.uint32("maxTimeSeconds", 1, kLongest);
    }
    out.most = read_limits(fields, "most");
    out.network = !fields.has("network") || fields.boolean("network");
    out.renters_allowed = read_addresses(fields, "rentersAllowed");
    out.renters_denied = read_addresses(fields, "rentersDenied");
    out.images = read_texts(fields, "images");
    if (fields.has("registries")) {
        out.registries = read_texts(fields, "registries");
    }
    out.local_images = read_texts(fields, "localImages");
    return out;
}

template <class T>
Result<T> read(std::string_view json, T (*members)(Fields&)) {
    const auto value = detail::parse_json(json, {kMostNoticeBytes, kMostNoticeDepth, true});
    if (!value) {
        return value.error();
    }
    std::optional<Error> failure;
    Fields fields(*value, "", failure);
    auto out = members(fields);
    if (failure) {
        return *failure;
    }
    return out;
}

}  // namespace

std::string to_json(const ResourceLimits& limits) {
    return limits_json(limits).text();
}

std::string to_json(const ProviderPolicy& policy) {
    return policy_json(policy).text();
}

std::string to_json(const ProviderNotice& notice) {
    Json::Object out{{"draining", notice.draining}};
    if (notice.policy) {
        out.emplace_back("policy", policy_json(*notice.policy));
    }
    if (notice.offered) {
        out.emplace_back("offered", limits_json(*notice.offered));
    }
    if (notice.free) {
        out.emplace_back("free", limits_json(*notice.free));
    }
    return Json(std::move(out)).text();
}

Result<ProviderPolicy> parse_policy(std::string_view json) {
    return read<ProviderPolicy>(json, read_policy);
}

Result<ProviderNotice> parse_notice(std::string_view json) {
    return read<ProviderNotice>(json, [](Fields& fields) {
        ProviderNotice out;
        if (fields.has("policy")) {
            auto policy = fields.object("policy");
            out.policy = read_policy(policy);
        }
        const auto amounts = [&](std::string_view key) {
            return fields.has(key) ? std::optional(read_limits(fields, key)) : std::nullopt;
        };
        out.offered = amounts("offered");
        out.free = amounts("free");
        out.draining = fields.has("draining") && fields.boolean("draining");
        return out;
    });
}

}  // namespace lamda::wire
