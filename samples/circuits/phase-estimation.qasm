// Quantum phase estimation: 8 counting qubits read the phase 0.3203125 = 82/256 of a phase gate.
OPENQASM 3.0;
include "stdgates.inc";

const int n = 8;
const float phase = 82 / 256.0;

qubit[n] counting;
qubit target;
bit[n] result;

// The inverse quantum Fourier transform, without the final swaps: counting[0] holds the least significant bit.
def iqft(qubit[n] q) {
    for int i in [0:n - 1] {
        for int j in [0:i - 1] {
            cp(-pi / 2 ** (i - j)) q[j], q[i];
        }
        h q[i];
    }
}

x target;
h counting;
for int k in [0:n - 1] {
    // counting[k] gathers 2^(n-1-k) turns.
    ctrl @ pow(2 ** (n - 1 - k)) @ p(2 * pi * phase) counting[k], target;
}
iqft(counting);
result = measure counting;
