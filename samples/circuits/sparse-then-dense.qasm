// Reversible arithmetic on eight amplitudes, then rotations that make every amplitude count: the first part suits the sparse engine, the second the state vector.
OPENQASM 3.0;
include "stdgates.inc";

qubit[20] q;
bit[20] c;

h q[0];
h q[1];
h q[2];
for int round in [0:59] {
    for int i in [0:16] {
        ccx q[i], q[i + 1], q[i + 3];
    }
    t q[0];
}
for int layer in [1:3] {
    for int i in [0:19] {
        ry(0.3 * layer) q[i];
    }
    for int i in [0:18] {
        cx q[i], q[i + 1];
    }
}
c = measure q;
