# SPDX-License-Identifier: Apache-2.0
# A board of eight coils and eight inputs, served by pymodbus: server_pymodbus.py tcp PORT | rtu TTY BAUD
# Unit 1 tells 1 in holding register 16. A coil that was on for a moment lets input n read 1 for two seconds: a door.
import asyncio
import sys

try:
    from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
    from pymodbus.server import StartAsyncSerialServer, StartAsyncTcpServer
    from pymodbus.transaction import ModbusRtuFramer
except ImportError:
    sys.exit(77)


class Coils(ModbusSequentialDataBlock):
    inputs = None

    def setValues(self, address, values):
        super().setValues(address, values)
        for i, on in enumerate(values if isinstance(values, list) else [values]):
            if on and address + i < 8:
                loop = asyncio.get_event_loop()
                loop.call_later(0.1, self.inputs.setValues, address + i, [True])
                loop.call_later(2.1, self.inputs.setValues, address + i, [False])


async def serve():
    if sys.argv[1] == "probe":
        return
    inputs = ModbusSequentialDataBlock(0, [False] * 8)
    coils = Coils(0, [False] * 8)
    coils.inputs = inputs
    registers = ModbusSequentialDataBlock(16, [1])
    board = ModbusSlaveContext(di=inputs, co=coils, hr=registers, ir=registers, zero_mode=True)
    context = ModbusServerContext(slaves={1: board}, single=False)
    if sys.argv[1] == "tcp":
        await StartAsyncTcpServer(context=context, address=("127.0.0.1", int(sys.argv[2])))
    else:
        await StartAsyncSerialServer(context=context, framer=ModbusRtuFramer, port=sys.argv[2],
                                     baudrate=int(sys.argv[3]), timeout=0.005)


asyncio.run(serve())
