#include "services/node-agent/credentials/login_key.hpp"

#include "services/node-agent/state/durable_file.hpp"

namespace lamda::agent {

natsauth::Nkey open_login_key(const std::string& path) {
    if (auto text = read_file(path)) {
        text->erase(text->find_last_not_of("\r\n") + 1);
        if (auto key = natsauth::Nkey::from_seed(natsauth::KeyKind::kUser, *text)) {
            return *std::move(key);
        }
    }
    auto key = natsauth::Nkey::generate(natsauth::KeyKind::kUser);
    write_durably(path, key.seed() + "\n", {"agent.login_key.written", "agent.login_key.renamed"});
    return key;
}

}  // namespace lamda::agent
