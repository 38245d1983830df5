// Value of a hexadecimal digit.
#pragma once

namespace lamda {

/// 0 … 15 for a hex digit of any case; −1 otherwise.
constexpr int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

}  // namespace lamda
