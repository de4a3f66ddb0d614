using System.Globalization;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Circuits.OpenQasm;
using PredictiveOrchestration.TestKit;

namespace PredictiveOrchestration.Tests.Circuits.OpenQasm;

/// <summary>Every gate of qelib1.inc and stdgates.inc can be used by its name, with the meaning that the library files define.</summary>
public sealed class LibraryGateTests
{
    // Name, parameters, qubits, and the definition: in OpenQASM 2's U and CX, or in gates further up.
    private static readonly (string Name, int Parameters, int Qubits, string Definition)[] Qelib1 =
    [
        ("u3", 3, 1, "U(p0,p1,p2) a;"), ("u2", 2, 1, "U(pi/2,p0,p1) a;"), ("u1", 1, 1, "U(0,0,p0) a;"), ("cx", 0, 2, "CX a,b;"), ("id", 0, 1, "U(0,0,0) a;"), ("u0", 1, 1, "U(0,0,0) a;"),
        ("x", 0, 1, "U(pi,0,pi) a;"), ("y", 0, 1, "U(pi,pi/2,pi/2) a;"), ("z", 0, 1, "U(0,0,pi) a;"), ("h", 0, 1, "U(pi/2,0,pi) a;"),
        ("s", 0, 1, "U(0,0,pi/2) a;"), ("sdg", 0, 1, "U(0,0,-pi/2) a;"), ("t", 0, 1, "U(0,0,pi/4) a;"), ("tdg", 0, 1, "U(0,0,-pi/4) a;"),
        ("rx", 1, 1, "U(p0,-pi/2,pi/2) a;"), ("ry", 1, 1, "U(p0,0,0) a;"), ("rz", 1, 1, "U(0,0,p0) a;"),
        ("cz", 0, 2, "h b; cx a,b; h b;"), ("cy", 0, 2, "sdg b; cx a,b; s b;"), ("swap", 0, 2, "cx a,b; cx b,a; cx a,b;"),
        ("ch", 0, 2, "h b; sdg b; cx a,b; h b; t b; cx a,b; t b; h b; s b; x b; s a;"),
        ("ccx", 0, 3, "h c; cx b,c; tdg c; cx a,c; t c; cx b,c; tdg c; cx a,c; t b; t c; h c; cx a,b; t a; tdg b; cx a,b;"), ("cswap", 0, 3, "cx c,b; ccx a,b,c; cx c,b;"),
        ("crz", 1, 2, "u1(p0/2) b; cx a,b; u1(-p0/2) b; cx a,b;"), ("crx", 1, 2, "h b; crz(p0) a,b; h b;"), ("cry", 1, 2, "ry(p0/2) b; cx a,b; ry(-p0/2) b; cx a,b;"),
        ("cu1", 1, 2, "u1(p0/2) a; cx a,b; u1(-p0/2) b; cx a,b; u1(p0/2) b;"), ("cp", 1, 2, "cu1(p0) a,b;"), ("p", 1, 1, "u1(p0) a;"),
        ("cu3", 3, 2, "u1((p2+p1)/2) a; u1((p2-p1)/2) b; cx a,b; u3(-p0/2,0,-(p1+p2)/2) b; cx a,b; u3(p0/2,p1,0) b;"), ("cu", 4, 2, "u1(p3) a; cu3(p0,p1,p2) a,b;"),
        ("rxx", 1, 2, "h a; h b; cx a,b; rz(p0) b; cx a,b; h b; h a;"), ("rzz", 1, 2, "cx a,b; u1(p0) b; cx a,b;"),
        ("sx", 0, 1, "sdg a; h a; sdg a;"), ("sxdg", 0, 1, "s a; h a; s a;"), ("csx", 0, 2, "h b; cu1(pi/2) a,b; h b;"),
        ("rccx", 0, 3, "u2(0,pi) c; u1(pi/4) c; cx b,c; u1(-pi/4) c; cx a,c; u1(pi/4) c; cx b,c; u1(-pi/4) c; u2(0,pi) c;"),
        ("rc3x", 0, 4, "u2(0,pi) d; u1(pi/4) d; cx c,d; u1(-pi/4) d; u2(0,pi) d; cx a,d; u1(pi/4) d; cx b,d; u1(-pi/4) d; cx a,d; u1(pi/4) d; cx b,d; u1(-pi/4) d; u2(0,pi) d; u1(pi/4) d; cx c,d; u1(-pi/4) d; u2(0,pi) d;"),
        ("c3x", 0, 4, "h d; cu1(pi/4) a,d; cx a,b; cu1(-pi/4) b,d; cx a,b; cu1(pi/4) b,d; cx b,c; cu1(-pi/4) c,d; cx a,c; cu1(pi/4) c,d; cx b,c; cu1(-pi/4) c,d; cx a,c; cu1(pi/4) c,d; h d;"),
        ("c3sqrtx", 0, 4, "h d; cu1(pi/8) a,d; cx a,b; cu1(-pi/8) b,d; cx a,b; cu1(pi/8) b,d; cx b,c; cu1(-pi/8) c,d; cx a,c; cu1(pi/8) c,d; cx b,c; cu1(-pi/8) c,d; cx a,c; cu1(pi/8) c,d; h d;"),
        ("c4x", 0, 5, "h e; cu1(pi/2) d,e; h e; c3x a,b,c,d; h e; cu1(-pi/2) d,e; h e; c3x a,b,c,d; c3sqrtx a,b,c,e;"),
    ];

    private static readonly (string Name, int Parameters, int Qubits, string Definition)[] StdGates =
    [
        ("p", 1, 1, "ctrl @ gphase(p0) a;"), ("x", 0, 1, "U(pi,0,pi) a; gphase(-pi/2);"), ("y", 0, 1, "U(pi,pi/2,pi/2) a; gphase(-pi/2);"), ("z", 0, 1, "p(pi) a;"),
        ("h", 0, 1, "U(pi/2,0,pi) a; gphase(-pi/4);"), ("s", 0, 1, "pow(1/2) @ z a;"), ("sdg", 0, 1, "inv @ pow(1/2) @ z a;"), ("t", 0, 1, "pow(1/2) @ s a;"), ("tdg", 0, 1, "inv @ pow(1/2) @ s a;"),
        ("sx", 0, 1, "pow(1/2) @ x a;"), ("rx", 1, 1, "U(p0,-pi/2,pi/2) a; gphase(-p0/2);"), ("ry", 1, 1, "U(p0,0,0) a; gphase(-p0/2);"), ("rz", 1, 1, "gphase(-p0/2); U(0,0,p0) a;"),
        ("cx", 0, 2, "ctrl @ x a,b;"), ("cy", 0, 2, "ctrl @ y a,b;"), ("cz", 0, 2, "ctrl @ z a,b;"), ("cp", 1, 2, "ctrl @ p(p0) a,b;"), ("crx", 1, 2, "ctrl @ rx(p0) a,b;"), ("cry", 1, 2, "ctrl @ ry(p0) a,b;"),
        ("crz", 1, 2, "ctrl @ rz(p0) a,b;"), ("ch", 0, 2, "ctrl @ h a,b;"), ("swap", 0, 2, "cx a,b; cx b,a; cx a,b;"), ("ccx", 0, 3, "ctrl @ ctrl @ x a,b,c;"), ("cswap", 0, 3, "ctrl @ swap a,b,c;"),
        ("cu", 4, 2, "p(p3 - p0/2) a; ctrl @ U(p0,p1,p2) a,b;"), ("CX", 0, 2, "ctrl @ U(pi,0,pi) a,b; p(-pi/2) a;"), ("phase", 1, 1, "U(0,0,p0) a;"), ("cphase", 1, 2, "ctrl @ phase(p0) a,b;"), ("id", 0, 1, "U(0,0,0) a;"),
        ("u1", 1, 1, "U(0,0,p0) a;"), ("u2", 2, 1, "gphase(-pi/4); U(pi/2,p0,p1) a;"), ("u3", 3, 1, "gphase(-p0/2); U(p0,p1,p2) a;"),
    ];

    public static TheoryData<string, int> Gates
    {
        get
        {
            var gates = new TheoryData<string, int>();
            foreach (var (name, _, _, _) in Qelib1)
            {
                gates.Add(name, 2);
            }

            foreach (var (name, _, _, _) in StdGates)
            {
                gates.Add(name, 3);
            }

            return gates;
        }
    }

    [Theory]
    [MemberData(nameof(Gates))]
    public void Gate_ByName_IsItsDefinition(string name, int version)
    {
        var (_, parameters, qubits, definition) = (version == 2 ? Qelib1 : StdGates).Single(g => g.Name == name);
        var operands = string.Join(',', "abcde".Take(qubits));
        var formal = parameters == 0 ? string.Empty : $"({string.Join(',', Enumerable.Range(0, parameters).Select(i => $"p{i}"))})";
        var actual = parameters == 0 ? string.Empty : $"({string.Join(',', Enumerable.Range(0, parameters).Select(i => (0.4 + 0.3 * i).ToString(CultureInfo.InvariantCulture)))})";
        var head = version == 2 ? "OPENQASM 2.0;\ninclude \"qelib1.inc\";\nqreg q[5];" : "OPENQASM 3.0;\ninclude \"stdgates.inc\";\nqubit[5] q;";
        var registers = string.Join(',', Enumerable.Range(0, qubits).Select(i => $"q[{i}]"));

        // Every column of the matrix: from each basis state, relative phases kept by comparing from a superposition of all.
        var spread = string.Concat(Enumerable.Range(0, 5).Select(i => $"u3({3 + 2 * i}/10,{i}/10,0.7) q[{i}];"));
        var named = OpenQasmReader.Read($"{head}{spread}{name}{actual} {registers};").GetCircuitOrThrow();
        var defined = OpenQasmReader.Read($"{head}gate mine{formal} {operands} {{ {definition} }}{spread}mine{actual} {registers};").GetCircuitOrThrow();
        var (left, right) = (OracleSimulator.FinalState(named), OracleSimulator.FinalState(defined));

        // The definitions of qelib1.inc leave the global phase open.
        var overlap = System.Numerics.Complex.Zero;
        for (var i = 0; i < left.Length; i++)
        {
            overlap += System.Numerics.Complex.Conjugate(left[i]) * right[i];
        }

        if (version == 2)
        {
            overlap.Magnitude.Should().BeApproximately(1, 1e-9, name);
        }
        else
        {
            (overlap - 1).Magnitude.Should().BeLessThan(1e-9, name);
        }
    }
}
